import type { Requirement } from './requirement.js'

const on = 'node, bun, deno'
const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour, applies: on })

/** Transports to a CCC server, and to its files, on the same machine or over ssh. */
export const requirements: readonly Requirement[] = [
  row(
    'ccc.socket.open',
    'reference 1',
    'The socket is in the home of the user, only its owner can open it, and the server removes it when it stops.',
  ),
  row(
    'ccc.socket.faults',
    'reference 1',
    'A missing, a stale, a foreign and a wrong socket give different errors, each with its remedy and sent: no.',
  ),
  row('ccc.socket.mode', 'design 7', 'A socket that others may write to is refused before it is opened.'),
  row('ccc.socket.owner', 'reference 1', 'The socket of another user is refused, even if the system would allow the connection.'),
  row('ccc.socket.path', 'reference 1', 'A path that is too long for a socket is refused at once and is never truncated.'),
  row('ccc.socket.abort', 'design 1, law 1', 'An aborted open leaves no connection.'),
  row(
    'ccc.files.session',
    'reference 12',
    'A session is found by its topic in the configuration; one without a topic has no history.',
  ),
  row(
    'ccc.files.secret',
    'reference 12',
    'The configuration holds the token of the bot: only topics are read from it, and no error quotes it.',
  ),
  row(
    'ccc.files.tolerant',
    'reference 12',
    'Blank, broken and partial lines are skipped; a last line without a newline and an entry without a number are read.',
  ),
  row(
    'ccc.files.long-lines',
    'reference 9',
    'Entries after a line of 64 KiB are read; a line above the limit of the client is an error that names the limit.',
  ),
  row(
    'ccc.files.any-split',
    'design 1, law 8',
    'Lines of every length are read whole, wherever the chunks end, and no character is split.',
  ),
  row(
    'ccc.files.range',
    'reference 12',
    'A range is compared with the timestamps of the entries: the hour in a file name is in the time zone of its writer.',
  ),
  row(
    'ccc.files.abort',
    'design 3',
    'An abort ends the read with an error, a break ends it without an error, and no descriptor stays open.',
  ),
  row('ccc.files.denied', 'design 4', 'A file that cannot be read, or that the user may not read, is an error with its path.'),
  row('ccc.files.removed', 'design 3', 'A file that is removed before it is read counts as empty.'),
  row('ccc.files.memory', 'design 5', 'Memory use does not grow with the size of the file.'),
  row(
    'ccc.files.follow',
    'reference 12',
    'Following starts at the end of the history, waits for the first file, and continues with the file of the next hour.',
  ),
  row(
    'ccc.files.follow-abort',
    'design 3',
    'An abort ends a follow with an error, close ends it without an error, and neither leaves a timer.',
  ),
  row('ccc.files.torn', 'reference 12', 'The reader waits for the rest of a partial line, also when a newer file exists.'),
  row('ccc.files.zones', 'reference 12', 'Writers in several time zones write to several files at once, and all are followed.'),
  row(
    'ccc.files.cursor',
    'design 3',
    'The cursor is plain data of bounded size; reading from it gives no lost and no duplicate entry.',
  ),
  row('ccc.files.since', 'design 3', 'Following can start at a time in the past.'),
  row('ccc.files.replaced', 'design 3', 'A file that became shorter is reported as a gap.'),
  row(
    'ccc.ssh.carriers',
    'reference 13',
    'Asks and answers work through nc and through socat, with a socat timeout above the longest ask.',
  ),
  row(
    'ccc.ssh.nothing-on-the-line',
    'reference 13',
    'The request travels on stdin and is on no command line; ssh never prompts for input.',
  ),
  row(
    'ccc.ssh.checked',
    'design 7',
    'A host or path that ssh could take for an option, or a shell could expand, is refused before a process starts.',
  ),
  row(
    'ccc.ssh.not-reached',
    'reference 13',
    'A refused port, an unknown host, a refused key and a missing remote program or socket fail with sent: no; any other end fails with sent: maybe.',
  ),
  row('ccc.ssh.deadline', 'design 1, law 9', 'An aborted call ends its ssh process.'),
  row('ccc.ssh.real', 'reference 13', 'A real sshd: single commands, failures, a forwarded socket and its streams.'),
  row('ccc.forward.many', 'reference 13', 'One ssh process carries many requests, and closing it leaves no folder behind.'),
  row('ccc.forward.end', 'design 3', 'The end of a forwarded socket is detected, and later opens through it fail.'),
  row('ccc.forward.fails', 'design 1, law 1', 'A forward that fails or is aborted leaves neither a child process nor a folder.'),
]
