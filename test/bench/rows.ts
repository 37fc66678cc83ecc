/** The rows of the benchmark: our work beside the same work by bare means, or by the library that one would take instead. */

export interface BenchRow {
  /** For `--profile` and to run only some rows. */
  readonly name: string
  readonly title: string
  /** What ours is compared with, in words. */
  readonly against: string
  readonly floor: string
  readonly ours: string
  /** A server process and its argument. */
  readonly server?: readonly [file: 'lines' | 'cccc' | 'catsyphon' | 'cmdop', argument: string]
  /** Puts a gateway in front of the server. */
  readonly gateway?: true
  readonly fixture?: string
  readonly count?: number
  readonly quickCount?: number
  /** `cost` is our time as a multiple of theirs, `speed` is the reverse. */
  readonly ratio: 'cost' | 'speed'
  /** Which time the aim is about. */
  readonly by: 'cpu' | 'wall'
  readonly aim?: number
  /** All processes on one core: across cores the wake-up decides and not the code. */
  readonly pinned?: true
}

const stream = (name: string, fixture: string, title: string, ours: string, aim?: number): BenchRow => ({
  name,
  title,
  against: '`JSON.parse` of strings already cut',
  floor: 'parse',
  ours,
  server: ['lines', fixture],
  fixture,
  ratio: 'cost',
  by: 'wall',
  ...(aim === undefined ? {} : { aim }),
})
const protobuf = (name: string, fixture: string, title: string, floor: string, ours: string, aim?: number): BenchRow => ({
  name,
  title,
  against: '`sizeDelimitedDecodeStream`',
  floor,
  ours,
  ...(ours.startsWith('link') ? { server: ['lines', fixture] as const } : {}),
  fixture,
  ratio: 'speed',
  by: 'wall',
  ...(aim === undefined ? {} : { aim }),
})
const outbox = (writers: number, aim: number): BenchRow => ({
  name: `outbox-${writers}`,
  title: `outbox on disk, ${writers} awaited writer${writers > 1 ? 's' : ''}`,
  against: 'one write and one fsync for each event',
  floor: 'bareSync',
  ours: `outbox${writers}`,
  server: ['catsyphon', ''],
  count: writers > 1 ? 8_000 : 2_000,
  quickCount: 100,
  ratio: 'speed',
  by: 'wall',
  aim,
})
const imported = (name: string, aim: number): BenchRow => ({
  name: `import-${name}`,
  title: `\`import 'signalbox/${name}'\``,
  against: `${aim} ms`,
  floor: `wait${aim}`,
  ours: `import-${name}`,
  ratio: 'cost',
  by: 'cpu',
  aim: 1,
})

export const ROWS: readonly BenchRow[] = [
  stream('lines-300', 'lines-300', 'NDJSON, 300 B lines, link by batches', 'linkBatches', 1.4),
  stream('lines-300-single', 'lines-300', 'the same, one by one', 'linkMessages'),
  stream('lines-20000', 'lines-20000', 'NDJSON, 20 KB lines, link by batches', 'linkBatches', 1.4),
  stream('lines-foreign', 'lines-foreign', 'NDJSON, 300 B lines not in ASCII, link by batches', 'linkBatches', 1.4),
  protobuf('frames', 'frames', 'protobuf frames of 26 B, splitter and `fromBinary`', 'libraryFrames', 'ourFrames', 2),
  protobuf('frames-link', 'frames', 'the same through a link', 'libraryFrames', 'linkFrames', 1.8),
  protobuf('envelopes', 'envelopes', 'CMDOP envelopes, by batches', 'libraryEnvelopes', 'ourEnvelopes', 2),
  protobuf('envelopes-link', 'envelopes', 'CMDOP envelopes through a link', 'libraryEnvelopes', 'linkEnvelopes', 1.8),
  {
    name: 'link-round-trip',
    title: 'unix socket, round trip',
    against: 'bare `node:net`',
    floor: 'bareRoundTrips',
    ours: 'linkRoundTrips',
    server: ['lines', 'answer'],
    count: 20_000,
    quickCount: 500,
    ratio: 'cost',
    by: 'wall',
    aim: 1.15,
    pinned: true,
  },
  {
    name: 'link-connection',
    title: 'unix socket, one connection per call',
    against: 'bare `node:net`',
    floor: 'bareConnections',
    ours: 'linkConnections',
    server: ['lines', 'answer'],
    count: 5_000,
    quickCount: 200,
    ratio: 'cost',
    by: 'wall',
    aim: 1.25,
    pinned: true,
  },
  {
    name: 'cccc-ping',
    title: 'CCCC `ping`, one connection per call',
    against: 'bare `node:net`',
    floor: 'cccBarePing',
    ours: 'ccccPing',
    server: ['cccc', ''],
    count: 5_000,
    quickCount: 200,
    ratio: 'cost',
    by: 'cpu',
    aim: 1.5,
  },
  {
    name: 'cmdop-get',
    title: 'CMDOP `machines.get`, one after the other',
    against: 'the same envelopes and a map of pending calls',
    floor: 'cmdopBare1',
    ours: 'cmdopClient1',
    server: ['cmdop', ''],
    count: 4_000,
    quickCount: 200,
    ratio: 'cost',
    by: 'cpu',
    aim: 1.4,
  },
  {
    name: 'cmdop-get-50',
    title: 'the same, 50 at once',
    against: 'the same envelopes and a map of pending calls',
    floor: 'cmdopBare50',
    ours: 'cmdopClient50',
    server: ['cmdop', ''],
    count: 8_000,
    quickCount: 200,
    ratio: 'cost',
    by: 'cpu',
    aim: 1.3,
  },
  {
    name: 'claude-lines',
    title: 'a turn of Claude Code, lines by batches',
    against: '`JSON.parse` of the lines',
    floor: 'claudeParse',
    ours: 'claudeLines',
    count: 6_000,
    quickCount: 100,
    ratio: 'cost',
    by: 'cpu',
    aim: 1.5,
  },
  {
    name: 'claude-messages',
    title: 'the same, messages by batches',
    against: '`JSON.parse` of the lines',
    floor: 'claudeParse',
    ours: 'claudeMessages',
    count: 6_000,
    quickCount: 100,
    ratio: 'cost',
    by: 'cpu',
  },
  {
    name: 'catsyphon',
    title: 'CatSyphon, one session, batches of 50, in memory',
    against: 'one awaited `fetch` for each batch of 50',
    floor: 'bareFetch',
    ours: 'catsyphonClient',
    server: ['catsyphon', ''],
    count: 20_000,
    quickCount: 500,
    ratio: 'speed',
    by: 'wall',
    aim: 0.9,
  },
  outbox(1, 0.8),
  outbox(64, 1.9),
  {
    name: 'gateway-round-trip',
    title: 'gateway, round trip',
    against: 'the direct socket',
    floor: 'directRoundTrips',
    ours: 'gatewayRoundTrips',
    server: ['lines', 'answer'],
    gateway: true,
    count: 5_000,
    quickCount: 200,
    ratio: 'cost',
    by: 'wall',
    aim: 3,
    pinned: true,
  },
  {
    name: 'gateway-stream',
    title: 'gateway, 300 B lines streamed and parsed',
    against: 'the direct socket',
    floor: 'directStream',
    ours: 'gatewayStream',
    server: ['lines', 'lines-300'],
    gateway: true,
    ratio: 'cost',
    by: 'wall',
    aim: 1.3,
    pinned: true,
  },
  imported('node', 40),
  imported('ccc', 20),
  imported('cccc', 20),
  imported('claude', 30),
]
