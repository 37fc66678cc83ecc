import type { Requirement } from './requirement.js'

export const requirements: readonly Requirement[] = [
  { id: 'surface.pin', source: 'design 9', behaviour: 'A change of the public surface fails until its report is updated.' },
  {
    id: 'surface.bare-exchange',
    source: 'design 3',
    behaviour: 'A bare exchange in place of a wrapped one is refused with the name of the wrapper, also in untyped code.',
  },
  { id: 'surface.no-any', source: 'design 3', behaviour: 'No `any` leaks from a public type of any entry.' },
]
