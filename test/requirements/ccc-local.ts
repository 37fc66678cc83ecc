import type { Requirement } from './requirement.js'

const on = 'node, bun, deno'
const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour, applies: on })

/** What reaches a CCC server, or its files, from the same machine or over ssh. */
export const requirements: readonly Requirement[] = [
  row(
    'ccc.socket.open',
    'reference 1',
    'The socket is found in the home of the user, is for its owner alone, and goes with the server.',
  ),
  row(
    'ccc.socket.faults',
    'reference 1',
    'A missing, stale, foreign or wrong socket is told apart, with its remedy; nothing was sent.',
  ),
  row('ccc.socket.mode', 'design 7', 'A socket that others may write to is refused before it is opened.'),
  row('ccc.socket.owner', 'reference 1', 'The socket of another user is refused, also where the system would let us in.'),
  row('ccc.socket.path', 'reference 1', 'A path that is too long for a socket is refused at once, and never cut.'),
  row('ccc.socket.abort', 'design 1, law 1', 'An open that was given up leaves no connection.'),
]
