import { useEffect, useRef, useState } from 'preact/hooks'
import type { ComponentChildren, JSX } from 'preact'

/** One row of a windowed list. */
export interface WindowRow {
  readonly key: string
  /** In pixels. The row must have this height. */
  readonly height: number
  render(): ComponentChildren
}

const OVERSCAN_PX = 400

/** A scrolling list that renders only the rows in sight, whatever its length. The rows have known heights. */
export function WindowList({
  rows,
  role,
  label,
  class: extra = '',
}: {
  rows: readonly WindowRow[]
  role?: 'rowgroup' | 'list'
  label?: string
  class?: string
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 900 })
  useEffect(() => {
    const target = box.current
    if (!target) return
    let planned = false
    const read = (): void => {
      planned = false
      setView({ top: target.scrollTop, height: target.clientHeight })
    }
    const plan = (): void => {
      if (planned) return
      planned = true
      requestAnimationFrame(read)
    }
    target.addEventListener('scroll', plan, { passive: true })
    const observer = new ResizeObserver(plan)
    observer.observe(target)
    return () => {
      target.removeEventListener('scroll', plan)
      observer.disconnect()
    }
  }, [])
  let before = 0
  let first = 0
  while (first < rows.length && before + (rows[first]?.height ?? 0) < view.top - OVERSCAN_PX) {
    before += rows[first]?.height ?? 0
    first += 1
  }
  let last = first
  let shown = before
  while (last < rows.length && shown < view.top + view.height + OVERSCAN_PX) {
    shown += rows[last]?.height ?? 0
    last += 1
  }
  let total = shown
  for (let at = last; at < rows.length; at += 1) total += rows[at]?.height ?? 0
  return (
    <div class={`window-list ${extra}`} ref={box} role={role} aria-label={label} tabIndex={role === 'list' ? 0 : undefined}>
      <div role="presentation" style={{ paddingTop: `${before}px`, paddingBottom: `${total - shown}px` }}>
        {rows.slice(first, last).map((row) => (
          <div role="presentation" key={row.key} style={{ height: `${row.height}px` }}>
            {row.render()}
          </div>
        ))}
      </div>
    </div>
  )
}
