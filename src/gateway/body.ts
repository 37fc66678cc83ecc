/** Reads a request's body within its limits of size and time. */
import { systemClock, type Clock } from '../core/clock.js'
import { createDeadline, raceSignal } from '../core/deadline.js'
import { joinBytes } from '../core/join-bytes.js'
import { exceededJsonLimit } from '../core/json-limits.js'
import { DEFAULT_LIMITS, type GatewayLimits } from './limits.js'
import { Refusal } from './refusal.js'

/** The limits of one body. */
export interface ReadBodyOptions {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly clock?: Clock
  /** Counts what was read; a promise when the client has to wait before more is read. */
  readonly pace?: (bytes: number) => Promise<void> | undefined
}

/** The whole body of a request. Throws the refusal when it is too large or too slow. */
export async function readBody(request: Request, options: ReadBodyOptions): Promise<Uint8Array> {
  const { maxBytes, timeoutMs, clock = systemClock } = options
  const tooLarge = (): Refusal => new Refusal('too_large', { limit: 'maxMessageBytes' })
  // The announced length can only refuse early. The bytes that arrive are counted below.
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array(0)
  const deadline = createDeadline({ signal: options.signal, timeoutMs, clock })
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for (;;) {
      const next = await raceSignal(reader.read(), deadline.signal)
      if (next.done) break
      bytes += next.value.byteLength
      if (bytes > maxBytes) throw tooLarge()
      chunks.push(next.value)
      const wait = options.pace?.(next.value.byteLength)
      if (wait) await wait
    }
  } catch (error) {
    void reader.cancel(error).catch(() => {})
    if (error instanceof Refusal || options.signal.aborted) throw error
    if (deadline.signal.aborted) throw new Refusal('idle', { message: 'The body took too long.', limit: 'bodyTimeoutMs' })
    throw error
  } finally {
    deadline[Symbol.dispose]()
  }
  return joinBytes(chunks, bytes)
}

/** Parses an untrusted text, within the limits of its depth and size. Throws the refusal that names the limit. */
export function parseLimited(text: string, { maxJsonDepth, maxJsonNodes }: JsonSizeLimits): unknown {
  const exceeded = exceededJsonLimit(text, { maxDepth: maxJsonDepth, maxNodes: maxJsonNodes })
  if (exceeded) throw new Refusal('too_large', { limit: exceeded === 'maxDepth' ? 'maxJsonDepth' : 'maxJsonNodes' })
  return JSON.parse(text)
}

/** The limits of one JSON message. */
export type JsonSizeLimits = Pick<GatewayLimits, 'maxJsonDepth' | 'maxJsonNodes'>

/** A body that has to be a JSON object. */
export function parseJson(body: Uint8Array, limits: JsonSizeLimits = DEFAULT_LIMITS): Record<string, unknown> {
  let value: unknown
  try {
    value = parseLimited(new TextDecoder('utf-8', { fatal: true }).decode(body), limits)
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal('invalid_request', { message: 'The body is not JSON.' })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal('invalid_request', { message: 'The body must be a JSON object.' })
  }
  return value as Record<string, unknown>
}
