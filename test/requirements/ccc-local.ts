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
  row(
    'ccc.files.session',
    'reference 12',
    'A session is found by its topic in the configuration; one without a topic has no history.',
  ),
  row(
    'ccc.files.secret',
    'reference 12',
    'The configuration holds the token of the bot: nothing but topics leaves it, in no error either.',
  ),
  row(
    'ccc.files.tolerant',
    'reference 12',
    'Blank, broken and torn lines are passed over; a missing last newline or number is not missed.',
  ),
  row(
    'ccc.files.long-lines',
    'reference 9',
    'What stands behind a line of 64 KiB is seen; a line over our own limit is an error that names it.',
  ),
  row(
    'ccc.files.any-split',
    'design 1, law 8',
    'Lines of every length stand whole, wherever the chunks end, and no character is cut.',
  ),
  row('ccc.files.range', 'reference 12', 'A range goes by the stamps: the hour in a name is in the time zone of its writer.'),
  row('ccc.files.abort', 'design 3', 'An abort ends the reading with an error, a break without one, and no descriptor stays open.'),
  row('ccc.files.denied', 'design 4', 'What may not or cannot be read is told, with its path.'),
  row('ccc.files.removed', 'design 3', 'A file that is removed while it waits for its turn is an empty one.'),
  row('ccc.files.memory', 'design 5', 'Memory does not grow with the file.'),
  row('ccc.files.follow', 'reference 12', 'Following begins at the end, waits for the first file, and goes on into the next hour.'),
  row(
    'ccc.files.follow-abort',
    'design 3',
    'The end of a following leaves no timer: by the signal with an error, by closing without one.',
  ),
  row('ccc.files.torn', 'reference 12', 'A torn line is waited for, also when a newer file has begun.'),
  row('ccc.files.zones', 'reference 12', 'Writers in several time zones write to several files at once, and all are followed.'),
  row('ccc.files.cursor', 'design 3', 'The cursor is plain data of bounded size; nothing is lost or doubled behind it.'),
  row('ccc.files.since', 'design 3', 'Following may begin in the past.'),
  row('ccc.files.replaced', 'design 3', 'A file that became shorter is a gap, and said to be one.'),
  row(
    'ccc.ssh.carriers',
    'reference 13',
    'Asks and answers go through nc and through socat, which waits longer than any ask takes.',
  ),
  row(
    'ccc.ssh.nothing-on-the-line',
    'reference 13',
    'What is asked travels on stdin and stands on no command line; nobody is asked anything.',
  ),
  row('ccc.ssh.checked', 'design 7', 'A host or path that could be an option or a shell word is refused before anything starts.'),
  row(
    'ccc.ssh.not-reached',
    'reference 13',
    'A refused port, an unknown host, a refused key, a missing program or socket on the other machine: nothing was sent. Any other end is sent: maybe.',
  ),
  row('ccc.ssh.deadline', 'design 1, law 9', 'A call that is given up ends its ssh.'),
  row('ccc.ssh.real', 'reference 13', 'A real sshd: single commands, failures, a forwarded socket and its streams.'),
  row('ccc.forward.many', 'reference 13', 'One ssh carries many requests, and closing it leaves no folder behind.'),
  row('ccc.forward.end', 'design 3', 'The end of a forwarded socket is noticed, and nothing more opens through it.'),
  row('ccc.forward.fails', 'design 1, law 1', 'A forward that fails or is given up leaves neither child nor folder.'),
]
