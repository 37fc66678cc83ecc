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
    behaviour: 'A line above maxLineBytes, measured in bytes, is too_large wherever it is cut, and is not gathered any further.',
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
  { id: 'codec.frames.cut', source: design, behaviour: 'An end inside a frame is reported.' },
  { id: 'codec.sse.any-split', source: design, behaviour: 'Any split of any event stream gives the same messages.' },
  {
    id: 'codec.sse.line-ends',
    source: 'WHATWG HTML 9.2',
    behaviour: 'LF, CR and CRLF end a line, a CRLF that is cut too; a CR does not wait for what follows it.',
  },
  {
    id: 'codec.sse.last-id',
    source: 'WHATWG HTML 9.2',
    behaviour: 'The last id stays until the next, and moves without data too.',
  },
  { id: 'codec.sse.comment', source: design, behaviour: 'A comment is a sign of life and is reported at once.' },
  { id: 'codec.sse.cut', source: 'WHATWG HTML 9.2', behaviour: 'An event that the end cuts short is not delivered.' },
  { id: 'codec.sse.limit', source: design, behaviour: 'An event above maxEventBytes is too_large, in one line or in many.' },
  { id: 'codec.linear', source: design, behaviour: 'A 20 MiB message in 1 KiB chunks costs linear work.' },
  { id: 'codec.fault-order', source: design, behaviour: 'What came before a fault is delivered, nothing after it is.' },
  {
    id: 'messages.handshake-rest',
    source: 'regression of a peer',
    behaviour: 'Events that came in one chunk with the answer of a handshake reach the first read after it.',
  },
  { id: 'inbox.fault-last', source: 'design 1, law 2', behaviour: 'A fault is delivered after what was received.' },
  { id: 'inbox.frees-read', source: design, behaviour: 'What was read is not held, though the reader is never quite done.' },
  { id: 'memory.ignored-write', source: 'design 1, law 4', behaviour: 'The promise of a refused write can be ignored.' },
]
