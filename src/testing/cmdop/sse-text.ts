/** The bytes of a stream of frames, for whoever serves them over HTTP. */
import { StreamCut, type SseBody } from './asks.js'

const encoder = new TextEncoder()

export function sseStream(body: SseBody): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const frames = await body.take()
        if (frames === null) return controller.close()
        for (const frame of frames) controller.enqueue(encoder.encode(`data: ${JSON.stringify(frame)}\n\n`))
      } catch (error) {
        controller.error(error instanceof StreamCut ? new TypeError('terminated') : error)
      }
    },
    cancel() {
      body.cancel()
    },
  })
}
