/**
 * A plain client, as an ordinary program has one: it connects, writes a message, reads the answer, and repeats when that fails. It buffers
 * messages and decodes split characters correctly. It keeps no receipts and never asks for the outcome of a request.
 */
import type { Clock, StreamTransport } from 'signalbox'
import { encodeNdjson, ndjsonDecoder, type Decoder } from 'signalbox/codec'
import { pause } from './side.js'
import type { Said } from './tally.js'

const ATTEMPTS = 5
const PAUSE_MS = 500

/** What an answer means: `true` ends the request well, `false` badly, `undefined` is not the end, and messages are sent next. */
export type Verdict = boolean | undefined | readonly unknown[]

/** How messages become bytes. */
export interface PlainCodec {
  encode(message: unknown): Uint8Array
  decoder(): Decoder<Record<string, unknown>>
}

/** Lines of JSON. */
const LINES: PlainCodec = { encode: encodeNdjson, decoder: () => ndjsonDecoder<Record<string, unknown>>() }

export interface PlainClientOptions<Launch> {
  readonly transport: StreamTransport<Launch>
  readonly launch: Launch
  readonly clock: Clock
  readonly timeoutMs: number
  readonly ending: AbortSignal
  /** Judges each message of the answer. */
  readonly judge: (answer: Record<string, unknown>) => Verdict
  /** Default lines of JSON. */
  readonly codec?: PlainCodec
  readonly repeated: () => void
}

/** Delivers one request over a link of its own: up to five attempts, half a second apart. */
export async function deliverPlainly<Launch>(
  options: PlainClientOptions<Launch>,
  request: (attempt: number) => readonly unknown[],
): Promise<Said> {
  return tryAgain(options, (attempt) => once(options, request(attempt)))
}

/** Repeats a request that failed: up to five attempts, half a second apart. */
export async function tryAgain(
  { clock, ending, repeated }: Pick<PlainClientOptions<unknown>, 'clock' | 'ending' | 'repeated'>,
  work: (attempt: number) => Promise<boolean>,
): Promise<Said> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (attempt > 1) {
      repeated()
      await pause(clock, PAUSE_MS)
    }
    try {
      if (await work(attempt)) return 'acknowledged'
    } catch {
      // The connection failed. The next attempt may do better.
    }
    if (ending.aborted) break
  }
  return 'failed'
}

async function once<Launch>(options: PlainClientOptions<Launch>, first: readonly unknown[]): Promise<boolean> {
  const { transport, launch, clock, timeoutMs, judge, codec = LINES } = options
  const link = await transport.open(launch)
  const timer = clock.after(timeoutMs, () => void link.close({ graceMs: 0 }))
  const send = (messages: readonly unknown[]): Promise<void> => link.write(joined(messages.map(codec.encode)))
  try {
    await send(first)
    const decoder = codec.decoder()
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
      for (const message of decoder.push(chunk)) {
        const verdict = judge(message)
        if (typeof verdict === 'boolean') return verdict
        if (verdict) await send(verdict)
      }
      if (decoder.fault) throw decoder.fault
    }
    return false
  } finally {
    timer.cancel()
    await link.close({ graceMs: 0 })
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
