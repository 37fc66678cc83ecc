/** The body of a reply, which the signal of its exchange covers to the last byte, and a request body that must be read before it is sent. */
import { createAccumulator } from '../../src/core/codec/bytes.js'
import { abortError } from '../../src/core/deadline.js'
import { SignalboxError } from '../../src/errors.js'
import { onAbort } from '../../src/core/on-abort.js'
import { bodyFault, type FetchFacts } from './fetch-faults.js'

export const MAX_GATHERED_BYTES = 32 * 1024 * 1024

/** The same bytes with typed failures. An abort ends it at once, also on runtimes whose fetch forgets the signal once the headers came. */
export function coveredBody(
  body: ReadableStream<Uint8Array>,
  facts: FetchFacts,
  where: string,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let release = (): void => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        release = onAbort(signal, () => {
          controller.error(abortError(signal as AbortSignal, { ...facts, sent: 'yes' }))
          reader.cancel(signal?.reason).catch(() => {})
        })
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          release()
          controller.close()
        } catch (error) {
          release()
          throw bodyFault(error, facts, where, signal)
        }
      },
      async cancel(reason) {
        release()
        await reader.cancel(reason)
      },
    },
    // No chunk is read ahead, so a slow reader slows the server down.
    { highWaterMark: 0 },
  )
}

/** Reads a stream to its end, within a limit. */
export async function gathered(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal | undefined,
  facts: FetchFacts,
): Promise<Uint8Array> {
  const bytes = createAccumulator()
  const reader = stream.getReader()
  const stop = (): void => void reader.cancel(signal?.reason).catch(() => {})
  const ignore = onAbort(signal, stop)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (signal?.aborted) throw abortError(signal, { ...facts, sent: 'no' })
      if (done) return bytes.take()
      if (bytes.length + value.byteLength > maxBytes) {
        stop()
        throw new SignalboxError({ ...facts, code: 'too_large', message: `The body is larger than ${maxBytes} bytes.` })
      }
      bytes.append(value, maxBytes)
    }
  } finally {
    ignore()
  }
}
