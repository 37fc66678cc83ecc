/** The error of a reply that is not 2xx: from the JSON of a gateway, otherwise from the status. */
import { codeOfStatus } from '../../src/core/http-status.js'
import { parseRetryAfter } from '../../src/core/policy/retry-after.js'
import { ERROR_CODES, SignalboxError, type ErrorCode } from '../../src/errors.js'
import type { Reply } from '../../src/transport.js'
import { gathered } from './body.js'
import type { FetchFacts } from './fetch-faults.js'

const MAX_BYTES = 256 * 1024

/** The parsed body; empty if it is not JSON, such as the HTML page of a proxy. */
export async function jsonOf({ body }: Reply, facts: FetchFacts, signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(body ? await gathered(body, MAX_BYTES, signal, facts) : undefined)))
  } catch {
    return {}
  }
}

export function refusalOf(
  { error }: Readonly<Record<string, unknown>>,
  { status, headers }: Reply,
  facts: FetchFacts,
  where: string,
): SignalboxError {
  const fields: Readonly<Record<string, unknown>> = Object(error)
  const text = (key: string): string | undefined => {
    const value = fields[key]
    return typeof value === 'string' ? value : undefined
  }
  // Beside its own code, a gateway names the error code of this package and `sent`.
  const code = [text('code'), text('kind')].find((each) => (ERROR_CODES as readonly unknown[]).includes(each))
  const sent = text('sent')
  return new SignalboxError({
    ...facts,
    code: (code as ErrorCode | undefined) ?? codeOfStatus(status),
    message: text('message') ?? `${where} answered with status ${status}.`,
    hint: text('hint'),
    status,
    // Below 500 the server refused the request.
    sent: sent === 'no' || sent === 'maybe' ? sent : status < 500 ? 'no' : 'maybe',
    remoteCode: text('code'),
    retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
  })
}
