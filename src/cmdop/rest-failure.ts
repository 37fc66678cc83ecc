/** An HTTP status that is no success, as the typed failure that a core would give for it. */
import { parseRetryAfter } from '../core/policy/retry-after.js'
import type { Reply } from '../transport.js'
import { remoteFailure, type CmdopError } from './errors.js'

/** The codes that a core gives each status. */
const CODES: Readonly<Record<number, string>> = {
  401: 'auth',
  403: 'permission',
  404: 'not_found',
  409: 'conflict',
  429: 'rate_limit',
}

/** Longer error pages are cut in the message. */
const MAX_QUOTED_CHARACTERS = 300

export function restFailure({ status, headers }: Reply, text: string, facts: { op: string }, ofStream = false): CmdopError {
  const code = CODES[status] ?? (status >= 500 ? 'server' : 'validation')
  const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now())
  return remoteFailure(code, `HTTP ${status} ${reasonOf(text)}`.trim(), { ...facts, status, retryAfterMs }, ofStream)
}

/** FastAPI gives its reason as `detail`; Django as `detail`, `message` or one member for each field. */
function reasonOf(text: string): string {
  try {
    const { detail, message } = JSON.parse(text) as { readonly detail?: unknown; readonly message?: unknown }
    const best = detail ?? message
    if (best !== undefined) return (typeof best === 'string' ? best : JSON.stringify(best)).slice(0, MAX_QUOTED_CHARACTERS)
  } catch {
    // An error page of a proxy is no JSON: its text is quoted.
  }
  return text.slice(0, MAX_QUOTED_CHARACTERS)
}
