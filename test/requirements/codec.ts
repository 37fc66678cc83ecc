import type { Requirement } from './requirement.js'

const design = 'design 5'

export const requirements: readonly Requirement[] = [
  {
    id: 'codec.ndjson.any-split',
    source: design,
    behaviour: 'Any split of any NDJSON gives the same messages and the same fault.',
  },
  { id: 'codec.ndjson.newline-only', source: design, behaviour: 'Only 0x0A ends a line: U+2028 occurs raw inside strings.' },
  { id: 'codec.ndjson.brace', source: 'regression of a peer', behaviour: 'A brace inside a JSON string does not end a message.' },
  { id: 'codec.ndjson.split-character', source: 'regression of a peer', behaviour: 'A character split across chunks survives.' },
  {
    id: 'codec.ndjson.last-line',
    source: design,
    behaviour: 'A complete last line needs no newline; a broken one is reported.',
  },
  {
    id: 'codec.ndjson.limit',
    source: design,
    behaviour: 'A line above maxLineBytes, measured in bytes, is too_large wherever it is split, and no more of it is buffered.',
  },
  { id: 'codec.frames.any-split', source: design, behaviour: 'Any split of any frames gives the same bodies and the same fault.' },
  {
    id: 'codec.frames.padded',
    source: 'reference cmdop 3',
    behaviour: 'A length varint may be padded, and an empty frame is a frame.',
  },
  {
    id: 'codec.frames.limit',
    source: 'reference cmdop 3',
    behaviour: 'A length above maxFrameBytes is too_large at once, even one that wraps at 32 or 64 bits or never ends.',
  },
  { id: 'codec.frames.cut', source: design, behaviour: 'An end of the stream inside a frame is reported.' },
  { id: 'codec.sse.any-split', source: design, behaviour: 'Any split of any event stream gives the same messages.' },
  {
    id: 'codec.sse.line-ends',
    source: 'WHATWG HTML 9.2',
    behaviour: 'LF, CR and CRLF end a line, also a split CRLF; a line with CR is delivered without a wait for the next byte.',
  },
  {
    id: 'codec.sse.last-id',
    source: 'WHATWG HTML 9.2',
    behaviour: 'The last id stays until the next id, and changes also with an event without data.',
  },
  { id: 'codec.sse.comment', source: design, behaviour: 'A comment counts as activity and is reported at once.' },
  {
    id: 'codec.sse.cut',
    source: 'WHATWG HTML 9.2',
    behaviour: 'An event that is incomplete at the end of the stream is not delivered.',
  },
  { id: 'codec.sse.limit', source: design, behaviour: 'An event above maxEventBytes is too_large, in one line or in many.' },
  { id: 'codec.linear', source: design, behaviour: 'A 20 MiB message in 1 KiB chunks costs linear work.' },
  { id: 'codec.fault-order', source: design, behaviour: 'Messages before a fault are delivered, and no messages after it.' },
  {
    id: 'messages.handshake-rest',
    source: 'regression of a peer',
    behaviour: 'Events in the same chunk as the answer of a handshake reach the first read after the handshake.',
  },
  { id: 'inbox.fault-last', source: 'design 1, law 2', behaviour: 'A fault is delivered after the received bytes.' },
  { id: 'inbox.frees-read', source: design, behaviour: 'Chunks that were read are released, even if the inbox is never empty.' },
  {
    id: 'memory.ignored-write',
    source: 'design 1, law 4',
    behaviour: 'Ignoring the promise of a refused write causes no unhandled rejection.',
  },
]
