import type { Requirement } from './requirement.js'

const laws = 'design 1, transport laws'
const local = 'transports of a local process'

export const requirements: readonly Requirement[] = [
  {
    id: 'law.1',
    source: laws,
    behaviour: 'An open that was aborted leaves no socket, child or timer, however late it would have succeeded.',
  },
  {
    id: 'law.2',
    source: laws,
    behaviour: 'Received bytes are buffered up to a mark, then the peer is paused; no fault and no failed write discards them.',
  },
  { id: 'law.3', source: laws, behaviour: 'Every end is reported once, in bounded time, with or without a reader.' },
  {
    id: 'law.4',
    source: laws,
    behaviour: 'A write that cannot be made rejects; ignoring the promise is safe; no write throws synchronously.',
  },
  {
    id: 'law.5',
    source: laws,
    behaviour: 'A pending write rejects when the peer dies or the link is closed, even while reading is paused.',
  },
  {
    id: 'law.6',
    source: laws,
    behaviour:
      'close discards unread bytes, gives a pending read null, and returns the same promise twice; end, then reading to null, then closed loses nothing.',
  },
  { id: 'law.7', source: laws, behaviour: 'After closed no listener, timer, handle or child is left.' },
  { id: 'law.8', source: laws, behaviour: 'However the bytes are split, the messages are the same; a split character survives.' },
  {
    id: 'law.9',
    source: laws,
    behaviour:
      'A child is ended in bounded steps with its whole process group, its end is reported with its stderr, and it survives neither its leader nor this process.',
    applies: 'POSIX',
  },
  { id: 'law.10', source: laws, behaviour: 'Two links of one transport never influence each other.' },
  {
    id: 'link.unsent-bound',
    source: laws,
    behaviour: 'Unsent bytes of a link are bounded: a write above the limit is refused whole, with sent: no.',
  },
  {
    id: 'memory.soak',
    source: laws,
    behaviour: 'Thousands of links, calls, streams and aborts leave no heap growth and no handle, and the process ends by itself.',
  },
  {
    id: 'child.watchdog',
    source: laws,
    behaviour:
      'Without a shell children run without a watchdog; children that follow each other share one, which exits a moment after its last child, also after a child that did not start.',
    applies: 'POSIX',
  },
  {
    id: 'child.abandoned',
    source: laws,
    behaviour: 'A child that survives KILL is reported as abandoned within the limit, with its pipes closed and no timer left.',
  },
  {
    id: 'transport.open-faults',
    source: 'reference ccc 2',
    behaviour: 'A missing, a stale and a denied socket give different errors, each with its remedy and sent: no.',
    applies: local,
  },
  {
    id: 'transport.denied',
    source: 'reference ccc 2',
    behaviour: 'A socket of another user fails with permission_denied.',
    applies: local,
  },
  {
    id: 'transport.address',
    source: 'design 7',
    behaviour: 'Too long paths, NUL characters, ports and pipe names are checked before anything is opened.',
  },
  {
    id: 'transport.listen-takes-over',
    source: 'reference ccc 2',
    behaviour:
      'A listener takes over a stale socket file, never one in use or a file of another kind; of several listeners only one takes it over.',
    applies: local,
  },
  {
    id: 'transport.listen-folder',
    source: 'regression',
    behaviour:
      'A listener on a Unix socket makes files only in the folder of the socket, because its parent may be read-only or on another disk.',
  },
  {
    id: 'transport.listen-mode',
    source: 'design 7',
    behaviour: 'A socket file is never open to others, not even before its mode is set.',
    applies: local,
  },
  {
    id: 'websocket.listener-end',
    source: laws,
    behaviour: 'A disposed WebSocket listener ends connections that are not yet links.',
    applies: local,
  },
  {
    id: 'transport.listener-bound',
    source: 'design 5',
    behaviour: 'The number of connections that wait to be accepted is bounded.',
    applies: local,
  },
  {
    id: 'child.spawn-faults',
    source: 'regression of peers: ENOENT says three things',
    behaviour: 'A missing folder, a missing executable, a wrong loader and a missing permission give different errors.',
    applies: local,
  },
  {
    id: 'child.sizes',
    source: 'reference ccc 7',
    behaviour:
      'An argument of 128 KiB, or arguments that are too large together, fail with too_large before the system reports E2BIG, and the error shows no value.',
  },
  {
    id: 'child.environment',
    source: 'reference claude-cli 4',
    behaviour:
      'Variables for the runtime, variables of a supervisor and the secrets of this process reach a child only if the caller names them.',
    applies: local,
  },
  {
    id: 'child.trace',
    source: 'design 1',
    behaviour: 'The trace of an open reaches the environment of the child.',
    applies: local,
  },
  {
    id: 'child.launch',
    source: 'design 1',
    behaviour: 'A pure function turns a launch object into a command, and arguments reach the program unchanged.',
    applies: local,
  },
  {
    id: 'child.stderr-tail',
    source: laws,
    behaviour: 'The tail of stderr is bounded in bytes, redacted, and never starts with half a secret or half a character.',
  },
  {
    id: 'web.both-ways',
    source: 'design 1',
    behaviour: 'toWeb returns both directions of a link as streams, which end independently.',
  },
  { id: 'web.nothing-lost', source: 'design 1', behaviour: 'toWeb loses no byte when the other direction fails.' },
  { id: 'web.backpressure', source: 'design 1', behaviour: 'toWeb applies backpressure to the writer and reads nothing ahead.' },
  { id: 'web.cancel', source: 'design 1', behaviour: 'Cancelling one stream closes the link and ends the other stream.' },
  {
    id: 'web.no-bridge',
    source: 'design 1',
    behaviour: "No runtime's bridge between Node and web streams is used anywhere: they lose bytes.",
  },
]
