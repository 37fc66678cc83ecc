import type { JSX } from 'preact'

const PATHS: Readonly<Record<string, string>> = {
  fleet: 'M3 6h14M3 10h14M3 14h9M17 14h.01',
  work: 'M3 4.5h14v9H9l-4 3.5v-3.5H3z',
  asks: 'M10 2.5 17.5 10 10 17.5 2.5 10zM10 7v3.5M10 13.2v.1',
  timeline: 'M2.5 5h6M6 10h9M11 15h6.5',
  cost: 'M10 3v14M13.5 6.2C12.5 5 6.6 4.4 6.6 7.4S13.8 9.6 13.8 13s-6.4 2.6-7.6.8',
  wire: 'M2.5 10h3l2-5 4 10 2.2-5h3.8',
  faults: 'M11 2.5 4.5 11H9l-1 6.5L15.5 9H11z',
  guard: 'M10 2.5 16.5 5v5c0 4-3 6.5-6.5 7.5C6.500 16.500 3.500 14 3.500 10V5z',
}

/** The icon of a view. */
export function ViewIcon({ id }: { id: string }): JSX.Element {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={PATHS[id] ?? ''} />
    </svg>
  )
}
