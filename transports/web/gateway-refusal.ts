/** A refusal of the gateway itself, told apart from an answer of the upstream by its header. */
import { ERROR_CODES, SignalboxError, type ErrorCode } from '../../src/errors.js'
import { parseRetryAfter } from '../../src/core/policy/retry-after.js'
import type { Reply } from '../../src/transport.js'

const HEADER = 'signalbox-refusal'
const MAX_BYTES = 256 * 1024

/** Throws what the gateway refused; gives the upstream's reply back. */
export async function unlessRefused(reply: Reply, name: string): Promise<Reply> {
  if (reply.headers[HEADER] === undefined) return reply
  throw refusalError(await jsonOf(reply.body), reply, name)
}

export function refusalError(
  answer: unknown,
  { status, headers }: Pick<Reply, 'status' | 'headers'>,
  name: string,
): SignalboxError {
  const { code, kind, message, hint, sent } = Object((Object(answer) as { error?: unknown }).error) as Record<string, unknown>
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  const known = (ERROR_CODES as readonly unknown[]).includes(kind) ? (kind as ErrorCode) : undefined
  const retryAfter = headers['retry-after']
  return new SignalboxError({
    code: known ?? (status === 401 ? 'unauthenticated' : 'protocol'),
    message: `The gateway refused. ${text(message) ?? `It answered with status ${status}.`}`,
    hint: text(hint),
    remoteCode: text(code),
    transport: name,
    sent: sent === 'maybe' ? 'maybe' : 'no',
    retryAfterMs: retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, Date.now()),
  })
}

export async function jsonOf(body: ReadableStream<Uint8Array> | null): Promise<unknown> {
  if (!body) return {}
  const reader = body.getReader()
  const utf8 = new TextDecoder()
  let text = ''
  for (;;) {
    const next = await reader.read()
    if (next.done) break
    text += utf8.decode(next.value, { stream: true })
    if (text.length > MAX_BYTES) {
      await reader.cancel()
      return {}
    }
  }
  try {
    return JSON.parse(text + utf8.decode())
  } catch {
    return {}
  }
}
