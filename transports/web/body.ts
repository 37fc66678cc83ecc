/** Bodies: a reply's, covered by the signal of its exchange to the last byte, and a request's that must be read before it is sent. */
import { createAccumulator } from '../../src/core/codec/bytes.js'
import { abortError } from '../../src/core/scope.js'
import { SignalboxError } from '../../src/errors.js'
import { bodyFault } from './fetch-faults.js'

export const MAX_GATHERED_BYTES = 32 * 1024 * 1024

interface Facts {
  readonly transport: string
  readonly op: string
}

/** The same bytes with typed failures. An abort ends it at once, also on runtimes whose fetch forgets the signal once the headers came. */
export function coveredBody(
  body: ReadableStream<Uint8Array>,
  facts: Facts,
  where: string,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let release = (): void => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (!signal) return
        const stop = (): void => {
          controller.error(abortError(signal, { ...facts, sent: 'yes' }))
          reader.cancel(signal.reason).catch(() => {})
        }
        release = () => signal.removeEventListener('abort', stop)
        if (signal.aborted) stop()
        else signal.addEventListener('abort', stop, { once: true })
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
    // Nothing is read ahead: a reader that waits makes the server wait.
    { highWaterMark: 0 },
  )
}

/** Reads a stream to its end, within a limit. */
export async function gathered(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal | undefined,
  facts: Facts,
): Promise<Uint8Array> {
  const bytes = createAccumulator()
  const reader = stream.getReader()
  const stop = (): void => void reader.cancel(signal?.reason).catch(() => {})
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (signal?.aborted) throw abortError(signal, { ...facts, sent: 'no' })
      if (done) return bytes.take()
      if (bytes.length + value.byteLength > maxBytes) {
        stop()
        throw new SignalboxError({
          ...facts,
          code: 'too_large',
          message: `The body is larger than ${maxBytes} bytes, which is the most that is gathered.`,
        })
      }
      bytes.append(value, maxBytes)
    }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
