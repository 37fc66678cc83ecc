/** The body of a reply as text, within a limit. */
import { SignalboxError, type ErrorFacts } from '../errors.js'

export async function readText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  facts: Partial<ErrorFacts>,
  /** Makes the error for a fault of the body. Default: `closed` with `sent: 'maybe'`; a SignalboxError is passed on. */
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
  // The request arrived, but its result is unknown.
  return new SignalboxError({
    ...facts,
    code: 'closed',
    message: 'The connection fell while the answer came.',
    sent: 'maybe',
    cause,
  })
}
