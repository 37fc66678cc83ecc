/** The body of a reply as text, within a limit. */
import { SignalboxError, type ErrorFacts } from '../errors.js'

export async function readText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  facts: Partial<ErrorFacts>,
  /** What a fault of the body means to the caller. Default: `closed`, with `sent: 'maybe'`, unless it is an error of ours already. */
  broken: (cause: unknown) => unknown = (cause) => connectionFell(cause, facts),
): Promise<string> {
  if (!body) return ''
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let text = ''
  let bytes = 0
  for (;;) {
    const step = await reader.read().catch((cause: unknown) => {
      throw broken(cause)
    })
    if (step.done) return text + decoder.decode()
    bytes += step.value.byteLength
    if (bytes > maxBytes) {
      void reader.cancel().catch(() => {})
      throw new SignalboxError({ ...facts, code: 'too_large', message: `The answer has more than ${maxBytes} bytes.`, sent: 'yes' })
    }
    text += decoder.decode(step.value, { stream: true })
  }
}

function connectionFell(cause: unknown, facts: Partial<ErrorFacts>): SignalboxError {
  if (SignalboxError.is(cause)) return cause
  // The request was heard, but nobody knows what came of it.
  return new SignalboxError({
    ...facts,
    code: 'closed',
    message: 'The connection fell while the answer came.',
    sent: 'maybe',
    cause,
  })
}
