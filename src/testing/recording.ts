/**
 * Recordings of the lines that crossed a transport, as plain data that can be checked in. Each line is redacted before it is kept.
 * A recording can be played back to a client, which must send the same lines. Only for protocols of lines: other bytes cannot be
 * searched for secrets.
 */
import { createAccumulator, type Accumulator } from '../core/codec/bytes.js'
import type { TapEvent, TapObserver } from '../core/transports/tap.js'
import { SignalboxError } from '../errors.js'
import { createRedactor } from '../redact.js'
import type { Link, StreamTransport } from '../transport.js'
import { memoryPair } from './memory-link.js'

/** One line, or one event, of a recording. Plain data. */
export interface RecordedLine {
  /** The link, counted from 1 in the order of their opening. */
  readonly link: number
  /** `in` is a line from the peer, `out` a line from the client; the others are events of the link. */
  readonly type: 'open' | 'in' | 'out' | 'eof' | 'end' | 'close'
  /** One line without its newline. */
  readonly line?: string
  /** The last line of its direction, which had no newline. */
  readonly partial?: true
}

/** Records what crosses a transport. Pass it to `tap`. */
export interface Recorder extends TapObserver {
  /** Every line and event so far, in order. */
  readonly lines: readonly RecordedLine[]
  /** True if `maxBytes` was reached. Later bytes are missing. */
  readonly truncated: boolean
}

/** Options of `createRecorder`. */
export interface RecorderOptions {
  /** Known secrets to mask. Text that looks like a credential is always masked. */
  readonly secrets?: Iterable<string>
  /** The most bytes to keep, of all links together. Default 16 MiB. */
  readonly maxBytes?: number
}

const NEWLINE = 0x0a

/**
 * Creates a recorder for protocols of lines. Credentials are masked before a line is kept.
 *
 * @example
 * import { tap } from 'signalbox'
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSocket } from 'signalbox/node'
 * import { createRecorder } from 'signalbox/testing'
 *
 * const recorder = createRecorder()
 * await using ccc = createCcc({ transport: tap(cccSocket(), recorder) })
 * await ccc.sessions()
 * console.log(JSON.stringify(recorder.lines))
 */
export function createRecorder({ secrets = [], maxBytes = 16 * 1024 * 1024 }: RecorderOptions = {}): Recorder {
  const redactor = createRedactor(secrets)
  const utf8 = new TextDecoder()
  const lines: RecordedLine[] = []
  const links = new Map<string, { number: number; in: Accumulator; out: Accumulator }>()
  let bytes = 0
  let count = 0
  let truncated = false

  const of = (id: string) => {
    const known = links.get(id)
    if (known) return known
    count += 1
    const fresh = { number: count, in: createAccumulator(), out: createAccumulator() }
    links.set(id, fresh)
    return fresh
  }
  const keep = (link: number, type: 'in' | 'out', partial: Accumulator, whole: boolean): void => {
    const line = redactor.text(utf8.decode(partial.view()))
    partial.clear()
    lines.push({ link, type, line, ...(whole ? {} : { partial: true as const }) })
  }
  const chunk = (link: { number: number; in: Accumulator; out: Accumulator }, type: 'in' | 'out', data: Uint8Array): void => {
    bytes += data.byteLength
    truncated ||= bytes > maxBytes
    const partial = link[type]
    // A partial line is not kept: it may end in part of a secret, which no pattern finds.
    if (truncated) return partial.clear()
    let start = 0
    for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, start)) {
      partial.append(data.subarray(start, end))
      keep(link.number, type, partial, true)
      start = end + 1
    }
    if (start < data.byteLength) partial.append(data.subarray(start))
  }
  const rest = (link: { number: number; in: Accumulator; out: Accumulator }, type: 'in' | 'out'): void => {
    if (link[type].length > 0) keep(link.number, type, link[type], false)
  }

  return {
    lines,
    get truncated() {
      return truncated
    },
    onEvent(event: TapEvent) {
      const link = of(event.link.id)
      if (event.type === 'in' || event.type === 'out') return chunk(link, event.type, event.bytes)
      if (event.type === 'eof' || event.type === 'close') rest(link, 'in')
      if (event.type === 'end' || event.type === 'close') rest(link, 'out')
      lines.push({ link: link.number, type: event.type })
    },
  }
}

/** Options of `replayTransport`. */
export interface ReplayOptions {
  /** The `secrets` of the recorder. Lines of the client are masked in the same way before they are compared. */
  readonly secrets?: Iterable<string>
}

/**
 * Plays a recording back, one recorded link for each `open`. If the client sends another line than the recorded one, its call fails
 * with `protocol`. An `open` beyond the recording fails with `unreachable`.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { replayTransport, type RecordedLine } from 'signalbox/testing'
 *
 * declare const recording: readonly RecordedLine[] // such as JSON.parse of a file
 * await using ccc = createCcc({ transport: replayTransport(recording) })
 * console.log(await ccc.sessions())
 */
export function replayTransport(recording: readonly RecordedLine[], { secrets = [] }: ReplayOptions = {}): StreamTransport {
  const redactor = createRedactor(secrets)
  let opened = 0
  return {
    kind: 'stream',
    name: 'replay',
    async open() {
      opened += 1
      const script = recording.filter(({ link }) => link === opened)
      if (script.length === 0) {
        throw new SignalboxError({
          code: 'unreachable',
          message: `The recording has no link ${opened}.`,
          transport: 'replay',
          sent: 'no',
        })
      }
      const [near, far] = memoryPair({ name: `replay-${opened}` })
      const play = { fault: undefined as SignalboxError | undefined }
      void played(script, far, redactor.text, play)
      return {
        ...near,
        async read() {
          const chunk = await near.read()
          if (chunk === null && play.fault) throw play.fault
          return chunk
        },
      }
    },
  }
}

async function played(
  script: readonly RecordedLine[],
  far: Link,
  redact: (text: string) => string,
  play: { fault: SignalboxError | undefined },
): Promise<void> {
  const encoder = new TextEncoder()
  const nextLine = createLineReader(far)
  try {
    for (const { type, line = '', partial } of script) {
      if (type === 'in') await far.write(encoder.encode(partial ? line : `${line}\n`))
      else if (type === 'eof') await far.end()
      else if (type === 'out') {
        const received = await nextLine()
        if (received === null || redact(received) !== line) throw mismatch(line, received === null ? null : redact(received))
      } else if (type === 'close') return void (await far.close())
    }
    // The recording ends with an open link, so any further line of the client is a mismatch.
    const more = await nextLine()
    if (more !== null) throw mismatch(undefined, redact(more))
  } catch (error) {
    if (SignalboxError.is(error, 'protocol')) play.fault = error
    await far.close()
  }
}

function createLineReader(link: Link): () => Promise<string | null> {
  const utf8 = new TextDecoder()
  let text = ''
  return async () => {
    for (;;) {
      const end = text.indexOf('\n')
      if (end !== -1) {
        const line = text.slice(0, end)
        text = text.slice(end + 1)
        return line
      }
      const chunk = await link.read()
      if (chunk === null) {
        const line = text
        text = ''
        return line === '' ? null : line
      }
      text += utf8.decode(chunk, { stream: true })
    }
  }
}

function mismatch(expected: string | undefined, received: string | null): SignalboxError {
  const quoted = (text: string | undefined): string =>
    text === undefined ? 'nothing more' : `"${text.length > 200 ? `${text.slice(0, 200)}...` : text}"`
  return new SignalboxError({
    code: 'protocol',
    message: `The recording has ${quoted(expected)} here, and the client said ${quoted(received ?? undefined)}.`,
    hint: 'Record again if the client was meant to change.',
    transport: 'replay',
    sent: 'yes',
  })
}
