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
  row('lab.tape', 'The tape keeps every chunk as it went, is bounded by bytes and count, and says how many entries are gone.'),
  row('lab.decode', 'Lines and frames are decoded however they were split; broken bytes are shown and named.'),
  row('lab.secret', 'A message with a secret is shown masked, and its bytes are not kept by the view.'),
  row(
    'lab.by-hand',
    'A message that a person sends goes on the chosen link or on a new one, and the lab says on which; a closed link is refused.',
  ),
  row('lab.faults', 'Faults are put on a system of the demo, appear on the tape, and end when they are taken away.'),
  row(
    'lab.page.truth',
    'In Chromium, all nine faults on each link: nothing is lost or doubled, and the plain client beside it is not exact.',
  ),
  row(
    'lab.page.faults',
    'The faults view runs a plan in Chromium and shows 0 lost and 0 doubled beside a plain client that is not exact.',
  ),
  row(
    'lab.page.share',
    'A link with a plan shows the plan, starts nothing by itself, and gives the same counts as the run that it was copied from.',
  ),
  row(
    'lab.recording',
    'A recording has the lines of whole links without secrets, says what it lacks, and comes back from its file.',
  ),
  row('lab.replay', 'A recording is replayed against the client; lines that the client would say in another way are shown.'),
  row('lab.page.wire', 'The wire view shows, filters, sends, records, replays and breaks in Chromium, in the demo.'),
  row(
    'lab.page.gateway',
    'Behind a gateway the wire view shows the own link of the page, and says where the bytes of the systems are.',
  ),
]
