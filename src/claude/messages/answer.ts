/**
 * What a turn says, gathered from its lines: the text from the blocks of the main loop, the error the CLI reported on the way, the usage
 * limit, the background work. `assistant` lines are the truth. Deltas count only until the line of their block comes, for a turn that ends
 * before it.
 */
import { isRecord } from '../../core/is-record.js'
import { asText, blocksIn, isAssistant, isInit, isRateLimit, isStreamEvent, isText, isToolUse, recordOf } from './guards.js'
import type { AssistantLine, ClaudeLine, InitLine, RateLimitLine, StreamEventLine } from './lines.js'

/** The text kept for one turn: enough for any answer, and a bound. */
const LONGEST_TEXT = 64 * 1024 * 1024

export interface Answer {
  see(line: ClaudeLine): void
  /** The answer so far: every text block of the main loop since the last tool call. What came before a call introduced the call. */
  readonly text: string
  /** The same for a turn that was cut short: with the deltas of a block that never came whole. */
  readonly partialText: string
  readonly init: InitLine | undefined
  readonly sessionId: string | undefined
  /** The last message that the CLI made out of a failure. */
  readonly failure: AssistantLine | undefined
  readonly limit: RateLimitLine['rate_limit_info'] | undefined
  /** Background agents that will bring a turn of their own. */
  readonly backgroundTasks: number
  /** The model broke its answer off as one that it must not give. */
  readonly refused: boolean
  readonly lines: number
}

export function createAnswer(): Answer {
  let texts: { id: string; text: string }[] = []
  let size = 0
  let called = false
  /** Text deltas of the main loop whose `assistant` line has not come. */
  let deltas: string[] = []
  let deltaSize = 0

  const forget = (): void => {
    texts = []
    size = 0
    called = false
  }
  const forgetDeltas = (): void => {
    deltas = []
    deltaSize = 0
  }

  const streamEvent = ({ event, parent_tool_use_id: parent }: StreamEventLine): void => {
    if (typeof parent === 'string') return
    // A stream that was cut starts again with another message: what it showed is void.
    if (event.type === 'message_start' || (event.type === 'message_stop' && isRecord(event.abandoned_blocks))) return forgetDeltas()
    if (event.type !== 'content_block_delta') return
    const { text } = recordOf(event.delta)
    if (typeof text !== 'string') return
    deltaSize += text.length
    if (size + deltaSize <= LONGEST_TEXT) deltas.push(text)
  }

  const assistant = (line: AssistantLine): void => {
    if (line.error !== undefined) {
      answer.failure = line
      return
    }
    if (typeof line.parent_tool_use_id === 'string') return
    forgetDeltas()
    answer.refused = line.message.stop_reason === 'refusal'
    // Newer CLIs take messages back that a retry replaces.
    const replaced = line.supersedes
    if (Array.isArray(replaced)) texts = texts.filter(({ id }) => !replaced.includes(id))
    for (const block of blocksIn(line.message.content)) {
      if (isText(block)) {
        if (called) forget()
        size += block.text.length
        if (size <= LONGEST_TEXT) texts.push({ id: line.uuid ?? '', text: block.text })
      } else if (isToolUse(block)) called = true
    }
  }

  const system = (line: ClaudeLine): void => {
    if (isInit(line)) {
      answer.init = line
      answer.failure = undefined
      answer.refused = false
      forget()
    } else if (line.subtype === 'background_tasks_changed' && Array.isArray(line.tasks)) {
      answer.backgroundTasks = line.tasks.filter((task) => isRecord(task) && task.task_type === 'local_agent').length
    }
  }

  const answer: { -readonly [Key in keyof Answer]: Answer[Key] } = {
    init: undefined,
    sessionId: undefined,
    failure: undefined,
    limit: undefined,
    backgroundTasks: 0,
    refused: false,
    lines: 0,
    see(line) {
      answer.lines += 1
      answer.sessionId ||= asText(line.session_id) || undefined
      if (line.type === 'assistant') {
        if (isAssistant(line)) assistant(line)
      } else if (line.type === 'system') system(line)
      else if (isStreamEvent(line)) streamEvent(line)
      else if (isRateLimit(line)) answer.limit = line.rate_limit_info
    },
    get text() {
      return texts.map(({ text }) => text).join('')
    },
    get partialText() {
      // Text after a tool call begins the answer anew, as it does when it comes whole.
      const whole = called && deltas.length > 0 ? '' : answer.text
      return whole + deltas.join('')
    },
  }
  return answer
}
