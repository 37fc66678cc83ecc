/** Encodes a stream of frames as server-sent events, for an HTTP server. */
import { onAbort } from '../../core/on-abort.js'
import { StreamCut, type SseBody } from './asks.js'

const encoder = new TextEncoder()

/** The signal of the request covers the body too, as a fetch's does. */
export function sseStream(body: SseBody, signal?: AbortSignal): ReadableStream<Uint8Array> {
  let forget = (): void => {}
  return new ReadableStream<Uint8Array>({
    start(controller) {
      forget = onAbort(signal, () => {
        body.cancel()
        controller.error(signal?.reason)
      })
    },
    async pull(controller) {
      try {
        const frames = await body.take()
        if (signal?.aborted) return
        for (const frame of frames ?? []) controller.enqueue(encoder.encode(`data: ${JSON.stringify(frame)}\n\n`))
        if (frames !== null) return
        forget()
        controller.close()
      } catch (error) {
        forget()
        controller.error(error instanceof StreamCut ? new TypeError('terminated') : error)
      }
    },
    cancel() {
      forget()
      body.cancel()
    },
  })
}
