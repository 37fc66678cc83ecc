/** Reads one request line and checks it as the daemon does. */
import { createAccumulator } from '../../core/codec/bytes.js'
import type { Clock } from '../../core/clock.js'
import { isRecord } from '../../core/is-record.js'
import type { Loose } from '../../cccc/shapes.js'
import type { Link } from '../../transport.js'
import { SimRefusal } from './world.js'

const MAX_LINE_BYTES = 2_000_000
const NEWLINE = 0x0a

export type Arrival =
  | { readonly kind: 'line'; readonly line: string; readonly bytes: number; readonly cut: boolean }
  /** Nothing came in time, or the client left. With `bytes` at 0 there was no request; otherwise it was cut. */
  | { readonly kind: 'late' | 'gone'; readonly bytes: number }

export async function readRequest(link: Link, clock: Clock, timeoutMs: number | undefined): Promise<Arrival> {
  const gathered = createAccumulator()
  for (;;) {
    const chunk = await orLate(link.read(), clock, timeoutMs)
    if (chunk === 'late') return { kind: 'late', bytes: gathered.length }
    // After a half-close, the received bytes count as a line.
    if (chunk === null && gathered.length === 0) return { kind: 'gone', bytes: 0 }
    if (chunk === null) return whole(gathered.take(), false)
    const end = chunk.indexOf(NEWLINE)
    gathered.append(end === -1 ? chunk : chunk.subarray(0, end))
    if (gathered.length + 1 > MAX_LINE_BYTES) return whole(gathered.take().subarray(0, MAX_LINE_BYTES), true)
    if (end !== -1) return whole(gathered.take(), false)
  }
}

function whole(bytes: Uint8Array, cut: boolean): Arrival {
  return { kind: 'line', line: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), bytes: bytes.byteLength, cut }
}

async function orLate(reading: Promise<Uint8Array | null>, clock: Clock, timeoutMs: number | undefined) {
  const safe = reading.catch(() => null)
  if (timeoutMs === undefined) return safe
  return new Promise<Uint8Array | null | 'late'>((resolve) => {
    const timer = clock.after(timeoutMs, () => resolve('late'))
    void safe.then((chunk) => {
      timer.cancel()
      resolve(chunk)
    })
  })
}

export interface Request {
  readonly op: string
  readonly args: Loose
}

/** Parses a request. Refuses an extra key, a missing op, and arguments that are not an object. */
export function parseRequest(line: string): Request {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = {}
  }
  const refuse = (what: string): never => {
    throw new SimRefusal('invalid_request', 'invalid request', { error: `1 validation error for DaemonRequest\n${what}` })
  }
  if (!isRecord(value)) return refuse('Input should be a valid dictionary or instance of DaemonRequest')
  const extra = Object.keys(value).find((key) => !['v', 'op', 'args'].includes(key))
  if (extra !== undefined) refuse(`${extra}\n  Extra inputs are not permitted`)
  if (typeof value.op !== 'string') return refuse('op\n  Field required')
  if (value.args !== undefined && !isRecord(value.args)) refuse('args\n  Input should be a valid dictionary')
  return { op: value.op, args: isRecord(value.args) ? value.args : {} }
}
