import type { Requirement } from './requirement.js'

export const requirements: readonly Requirement[] = [
  { id: 'size.budgets', source: 'design 5', behaviour: 'Every use of an entrypoint has a size budget and keeps it.' },
  { id: 'size.tree-shaking', source: 'design 2', behaviour: 'A policy that an application does not import is not in its bundle.' },
]
