import type { Requirement } from './requirement.js'

export const requirements: readonly Requirement[] = [
  { id: 'surface.pin', source: 'design 9', behaviour: 'A change of the public surface fails until its report is updated.' },
  {
    id: 'surface.bare-exchange',
    source: 'design 3',
    behaviour: 'A bare exchange where a wrapped one is wanted is refused with the name of what wraps it, also without types.',
  },
  { id: 'surface.no-any', source: 'design 3', behaviour: 'No `any` leaks from a public type of any entry.' },
]
