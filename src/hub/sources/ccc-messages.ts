/** Entries of a CCC history as events. Ids repeat there, so an entry is known by its second, its author and its text. */
import type { CccMessage, CccQuestions, CccSession } from '../../ccc/index.js'
import { sha256Hex } from '../../core/sha256.js'
import type { Agent } from '../model/agent.js'
import type { Capabilities } from '../model/capabilities.js'
import type { SourceAsk } from '../source.js'
import { MAIN_SESSION } from '../view.js'
import type { SourceBody } from './emitter.js'

const cccTextOf = ({ text, transcription, caption }: CccMessage): string => text ?? transcription ?? caption ?? ''

export const cccEntryId = (entry: CccMessage): string =>
  `${entry.ts}:${sha256Hex(`${entry.from}\n${entry.agent ?? ''}\n${cccTextOf(entry)}`).slice(0, 12)}`

/** One entry as a whole message. */
export function cccMessageEvent(entry: CccMessage): SourceBody {
  const author = entry.agent ?? entry.username
  return {
    kind: 'message',
    session: MAIN_SESSION,
    reportedAt: new Date(entry.ts * 1000).toISOString(),
    id: cccEntryId(entry),
    role: entry.from === 'claude' ? 'agent' : 'user',
    text: cccTextOf(entry),
    how: 'replace',
    partial: false,
    ...(author === undefined ? {} : { from: author }),
    raw: entry,
  }
}

/** What a CCC session can do. The agent is its one session. */
export const CCC_CAPABILITIES: Capabilities = {
  prompt: {},
  cancel: { keepsSession: true },
  history: { complete: false },
  asks: { kinds: ['question'], answerable: true, confirmsDelivery: false },
  dedupe: 'by_search',
}

const STATES = { active: 'running', idle: 'idle', stopped: 'stopped' } as const

/** The state for a status text of the server. */
export const cccState = (status: string) => (Object.hasOwn(STATES, status) ? STATES[status as keyof typeof STATES] : 'unknown')

export function cccAgent(source: string, session: CccSession, at: string): Agent {
  const { name, host, status, cwd } = session
  return {
    id: `${source}/${name}`,
    source,
    system: 'ccc',
    name,
    ...(host === 'local' ? {} : { host }),
    sessions: [{ id: MAIN_SESSION, state: cccState(status), evidence: { from: 'polled', at } }],
    can: CCC_CAPABILITIES,
    facts: cwd === undefined ? {} : { cwd },
    raw: session,
  }
}

/** The open questions of a session as one ask. Undefined when all are answered. */
export function cccAsk({ questions, timestamp }: CccQuestions): SourceAsk | undefined {
  const open = questions.map((question, index) => ({ question, index })).filter(({ question }) => !question.answered)
  const [first] = open
  if (!first) return undefined
  return {
    // A later set of questions of the same session has another time.
    nativeId: `${String(timestamp)}:${sha256Hex(JSON.stringify(questions.map(({ question }) => question))).slice(0, 8)}`,
    kind: 'question',
    title: first.question.header || first.question.question,
    questions: open.map(({ question, index }) => ({
      id: String(index),
      text: question.question,
      options: question.options.map(({ label, description }, at) => ({
        id: String(at),
        label,
        kind: 'choice',
        ...(description === undefined ? {} : { description }),
      })),
    })),
  }
}
