/** `POST /v1/<upstream>/call`: one request in, the upstream's bytes streamed out. Enough for request-response and for event streams. */
import { systemClock, type Clock, type Timer } from '../core/clock.js'
import { onAbort } from '../core/on-abort.js'
import type { Link } from '../transport.js'
import type { MessageFilter } from './message-filter.js'
import { Refusal } from './refusal.js'
import { watchSlowReader } from './slow-reader.js'

/** How the answer of a call is passed on. */
export interface CallBodyOptions {
  readonly stallTimeoutMs: number
  /** How often an empty line is sent while there is no other data. Proxies and Firefox may hold the first bytes back without it. */
  readonly keepAliveMs: number
  readonly clock?: Clock
  readonly onEnd: () => void
  readonly signal: AbortSignal
}

const NEWLINE = 0x0a

/** The one request of a call, judged and ready to be written. */
export function filterRequest(filter: MessageFilter, body: Uint8Array): Uint8Array {
  // Some clients leave the last newline out, and some upstreams wait for it.
  const passed = [...filter.push(body), ...filter.end()]
  const [request] = passed
  if (request === undefined || passed.length > 1)
    throw new Refusal('invalid_request', { message: 'A call carries exactly one message.' })
  return request
}

/**
 * What the upstream answers, pulled as the client reads: what the client does not read stays with the upstream, and a client that reads
 * nothing for too long is cut off.
 */
export function callBody(link: Link, options: CallBodyOptions): ReadableStream<Uint8Array> {
  const { stallTimeoutMs, keepAliveMs, clock = systemClock, onEnd, signal } = options
  let beat: Timer | undefined
  let over = false
  // An empty line inside another line would break that line.
  let atLineStart = true
  let fail: ((error: unknown) => void) | undefined
  let ignore: (() => void) | undefined

  const finish = (): void => {
    if (over) return
    over = true
    stall.stop()
    beat?.cancel()
    ignore?.()
    void link.close().then(onEnd)
  }
  const cut = (reason: unknown): void => {
    fail?.(reason)
    finish()
  }
  const stall = watchSlowReader(stallTimeoutMs, () => cut(new Refusal('slow_consumer')), clock)

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        fail = (error) => controller.error(error)
        ignore = onAbort(signal, () => cut(signal.reason))
        if (over) return
        controller.enqueue(Uint8Array.of(NEWLINE))
        const tick = (): void => {
          if (over) return
          if (atLineStart && (controller.desiredSize ?? 0) > 0) controller.enqueue(Uint8Array.of(NEWLINE))
          beat = clock.after(keepAliveMs, tick)
        }
        beat = clock.after(keepAliveMs, tick)
      },
      async pull(controller) {
        stall.end()
        try {
          const chunk = await link.read()
          if (over) return
          if (chunk === null) {
            finish()
            controller.close()
            return
          }
          controller.enqueue(chunk)
          atLineStart = chunk.at(-1) === NEWLINE
          stall.begin()
        } catch (error) {
          if (over) return
          finish()
          controller.error(error)
        }
      },
      cancel: finish,
    },
    { highWaterMark: 1 },
  )
}

/** Receives the chunks of a body while they pass. */
export interface BodyObserver {
  onChunk?(chunk: Uint8Array): void
  /** Read to the end, failed, or given up by the reader. */
  onEnd?(): void
}

/** The same body. The observer gets every chunk, and the end. */
export function observeBody(body: ReadableStream<Uint8Array>, { onChunk, onEnd }: BodyObserver): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await reader.read()
          if (!next.done) {
            onChunk?.(next.value)
            return controller.enqueue(next.value)
          }
          onEnd?.()
          controller.close()
        } catch (error) {
          onEnd?.()
          controller.error(error)
        }
      },
      cancel(reason) {
        onEnd?.()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
