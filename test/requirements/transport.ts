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
    behaviour: 'Bytes are kept up to a mark, then the peer is paused; no fault and no failed write takes away what was received.',
  },
  { id: 'law.3', source: laws, behaviour: 'Every end is told, once, in bounded time, reader or not.' },
  { id: 'law.4', source: laws, behaviour: 'A write that cannot be made rejects; ignoring it is safe; nothing throws at once.' },
  {
    id: 'law.5',
    source: laws,
    behaviour: "A write not yet handed over rejects at the peer's death or at close, even while reading is paused.",
  },
  {
    id: 'law.6',
    source: laws,
    behaviour: 'close discards and gives a pending read null, twice the same promise; end, read to null, closed loses nothing.',
  },
  { id: 'law.7', source: laws, behaviour: 'After closed no listener, timer, handle or child is left.' },
  { id: 'law.8', source: laws, behaviour: 'However bytes are cut, the messages are the same; a split character survives.' },
  {
    id: 'law.9',
    source: laws,
    behaviour:
      'A child is ended in bounded steps with its whole group, told with its stderr, and survives neither its leader nor us.',
    applies: 'POSIX',
  },
  { id: 'law.10', source: laws, behaviour: 'Two links of one transport never influence each other.' },
  {
    id: 'link.unsent-bound',
    source: laws,
    behaviour: 'What a link holds for a writer that does not wait is bounded: a write beyond is refused, whole, as not sent.',
  },
  {
    id: 'memory.soak',
    source: laws,
    behaviour: 'Thousands of links, calls, streams and aborts leave the heap flat and no handle, and the process ends by itself.',
  },
  {
    id: 'child.watchdog',
    source: laws,
    behaviour: 'Without a shell children run unprotected; a watchdog leaves with its last child, also one that never started.',
    applies: 'POSIX',
  },
  {
    id: 'child.abandoned',
    source: laws,
    behaviour: 'A child that outlives KILL is told as abandoned within the bound, with its pipes cut and no timer left.',
  },
  {
    id: 'transport.open-faults',
    source: 'reference ccc 2',
    behaviour: 'No socket, a stale one and a denied one are told apart, with their remedies and as not sent.',
    applies: local,
  },
  {
    id: 'transport.denied',
    source: 'reference ccc 2',
    behaviour: 'A socket that belongs to somebody else is permission_denied.',
    applies: local,
  },
  {
    id: 'transport.address',
    source: 'design 7',
    behaviour: 'Paths that the system would cut, NUL characters, ports and pipe names are checked before anything is opened.',
  },
  {
    id: 'transport.listen-takes-over',
    source: 'reference ccc 2',
    behaviour:
      'A listener takes over a stale socket file, never a living one nor another kind of file; of several one takes it over.',
    applies: local,
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
    behaviour: 'A WebSocket listener that is disposed of ends the connections that are no links yet.',
    applies: local,
  },
  { id: 'transport.listener-bound', source: 'design 5', behaviour: 'Connections that nobody accepts are bounded.', applies: local },
  {
    id: 'child.spawn-faults',
    source: 'regression of peers: ENOENT says three things',
    behaviour: 'Missing folder, missing executable, wrong loader and missing permission are told apart.',
    applies: local,
  },
  {
    id: 'child.sizes',
    source: 'reference ccc 7',
    behaviour:
      'An argument of 128 KiB, or too much of all together, is too_large before the system says E2BIG, without showing a value.',
  },
  {
    id: 'child.environment',
    source: 'reference claude-cli 4',
    behaviour: 'What steers our runtime, what a supervisor gave us and our own secrets never reach a child unless named.',
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
    behaviour: 'A launch object becomes a command by a pure function, and arguments reach the program as they are.',
    applies: local,
  },
  {
    id: 'child.stderr-tail',
    source: laws,
    behaviour: 'The tail of stderr is bounded in bytes, redacted, and never starts with half a secret or half a character.',
  },
  { id: 'web.both-ways', source: 'design 1', behaviour: 'toWeb gives both halves of a link, which end one by one.' },
  { id: 'web.nothing-lost', source: 'design 1', behaviour: 'toWeb loses no byte when the other half fails.' },
  { id: 'web.backpressure', source: 'design 1', behaviour: 'toWeb holds a writer back and reads nothing ahead.' },
  { id: 'web.cancel', source: 'design 1', behaviour: 'Cancelling one half closes the link and tells the other.' },
  {
    id: 'web.no-bridge',
    source: 'design 1',
    behaviour: "No runtime's bridge between Node and web streams is used anywhere: they lose bytes.",
  },
]
