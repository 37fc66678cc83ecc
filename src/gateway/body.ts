/** Reads a request's body within its limits of size and time. */
import { systemClock, type Clock } from '../core/clock.js'
import { createDeadline, raceSignal } from '../core/deadline.js'
import { Refusal } from './refusal.js'

export async function readBody(
  request: Request,
  options: { readonly maxBytes: number; readonly timeoutMs: number; readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<Uint8Array> {
  const { maxBytes, timeoutMs, clock = systemClock } = options
  const tooLarge = (): Refusal => new Refusal('too_large', { limit: 'maxMessageBytes' })
  // The announced length is only a reason to refuse early; what counts is what comes.
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
    }
  } catch (error) {
    void reader.cancel(error).catch(() => {})
    if (error instanceof Refusal || options.signal.aborted) throw error
    if (deadline.signal.aborted) throw new Refusal('idle', { message: 'The body took too long.', limit: 'bodyTimeoutMs' })
    throw error
  } finally {
    deadline[Symbol.dispose]()
  }
  const body = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.byteLength
  }
  return body
}

export function parseJson(body: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new Refusal('invalid_request', { message: 'The body is not JSON.' })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal('invalid_request', { message: 'The body must be a JSON object.' })
  }
  return value as Record<string, unknown>
}
