/** A hub: one JSON line a request, judged by its method. */
import { encodeNdjson } from '../../core/codec/ndjson.js'
import { isRecord } from '../../core/is-record.js'
import { HUB_SCOPES } from '../../hub/wire/protocol.js'
import { lineClassifier } from './lines.js'
import type { StreamPolicy, Verdict } from './policy.js'
import { looksLikeCommand } from './prompt-commands.js'

const byMethod = /* @__PURE__ */ lineClassifier('method', HUB_SCOPES)

/** The methods with a parameter `by`, which the journal keeps and viewers show. */
const NAMED: ReadonlySet<unknown> = new Set(['prompt', 'cancel', 'answer'])

/** An agent behind the hub may take such a text for a command of its own. */
const COMMAND_TEXT: Verdict = {
  name: 'a prompt that begins with "/", "!" or "#"',
  needs: 'admin',
  hint: 'Begin the prompt with another character, or give the credential the scope "admin".',
}

/**
 * For a hub as an upstream: judges each line by its method. A prompt that begins with `/`, `!` or `#` needs `admin`, because an
 * agent may take it for a command.
 */
export const hubPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'ndjson',
  classify(message) {
    const verdict = byMethod(message)
    const { method, params } = message as { readonly method: string; readonly params?: unknown }
    if (method !== 'prompt') return verdict
    const text = isRecord(params) ? params.text : undefined
    return typeof text === 'string' && looksLikeCommand(text) ? COMMAND_TEXT : verdict
  },
  withSender(message, by) {
    const { method, params } = Object(message) as { readonly method?: unknown; readonly params?: unknown }
    return NAMED.has(method) && isRecord(params) ? { ...(message as object), params: { ...params, by } } : message
  },
  answerRefusal(message, { code, message: text }) {
    const id = isRecord(message) && typeof message.id === 'number' ? message.id : undefined
    if (id === undefined) return undefined
    const error = { code: 'permission_denied', message: text, sent: 'no', system: 'gateway', remoteCode: code }
    return encodeNdjson({ id, error })
  },
}
