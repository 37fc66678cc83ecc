import type { Requirement } from './requirement.js'

const issue = 'issue 18, parts 7 and 8'
const row = (id: string, behaviour: string): Requirement => ({ id, source: issue, behaviour })

/** The lab of the dashboard: taps, faults, recordings and the comparison with a plain client. */
export const requirements: readonly Requirement[] = [
  row(
    'lab.plan',
    'A plan in the address is a system, a seed, a duration and faults. Wrong values are named and replaced by defaults.',
  ),
  row(
    'lab.tally',
    'Lost, doubled and ambiguous messages are counted from what the client said and what the ledger of the simulator has.',
  ),
  row('lab.truth', 'Under all faults the clients of this library lose and double no message, and the plain client does.'),
  row('lab.same', 'The same plan gives the same run.'),
  row('lab.calm', 'Without faults both clients deliver every message once.'),
  row('lab.stop', 'A stopped run ends and reports what it counted.'),
]
