/** CCC: one JSON line a request. */
import { CCC_SCOPES } from '../../ccc/scopes.js'
import { lineClassifier } from './lines.js'
import type { StreamPolicy, Verdict } from './policy.js'
import { looksLikeCommand } from './prompt-commands.js'

const byCommand = /* @__PURE__ */ lineClassifier('cmd', CCC_SCOPES)

/** The daemon types the text into the terminal of a Claude Code session, so a command in it is carried out. */
const COMMAND_TEXT: Verdict = {
  name: 'a text that begins with "/", "!" or "#"',
  needs: 'admin',
  hint: 'Begin the text with another character, or give the credential the scope "admin".',
}

/** CCC: commands judged by name, and texts that begin with a command. */
export const cccPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'ndjson',
  // After `subscribe` the server reads no more, so nothing can follow it unjudged.
  classify(message) {
    const verdict = byCommand(message)
    // The daemon matches field names without regard to case.
    const typed = Object.entries(message as object).filter(([field]) => field.toLowerCase() === 'text')
    const isCommand = typed.some(([, text]) => typeof text === 'string' && looksLikeCommand(text))
    return isCommand && verdict.needs !== 'admin' ? COMMAND_TEXT : verdict
  },
}
