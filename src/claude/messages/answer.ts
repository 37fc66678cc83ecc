/**
 * Collects the answer of a turn from its lines: the text of the main loop, the error that the CLI reported, the usage limit and the
 * background work. The text is taken from `assistant` lines. Deltas count only until the line of their block comes, for a turn that ends
 * before it.
 */
import { isRecord } from '../../core/is-record.js'
import { asText, blocksIn, isAssistant, isInit, isRateLimit, isStreamEvent, isText, isToolUse, recordOf } from './guards.js'
import type { AssistantLine, ClaudeLine, InitLine, RateLimitLine, StreamEventLine } from './lines.js'

/** The most text that is kept for one turn. No real answer is that long. */
const LONGEST_TEXT = 64 * 1024 * 1024

export interface Answer {
  see(line: ClaudeLine): void
  /** The answer so far: all text blocks of the main loop after the last tool call. Text before a call only introduces the call. */
  readonly text: string
  /** The same, with the deltas of a block that is not complete. For a turn that ends early. */
  readonly partialText: string
  readonly init: InitLine | undefined
  readonly sessionId: string | undefined
  /** The last message that the CLI made out of a failure. */
  readonly failure: AssistantLine | undefined
  readonly limit: RateLimitLine['rate_limit_info'] | undefined
  /** Background agents that still run. The CLI begins a turn when one is done. */
  readonly backgroundTasks: number
  /** Whether the model stopped its answer with a refusal. */
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
    // A stream that was cut starts again with a new message. The deltas of the old message are void.
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
      // Text after a tool call starts a new answer, with deltas as with whole blocks.
      const whole = called && deltas.length > 0 ? '' : answer.text
      return whole + deltas.join('')
    },
  }
  return answer
}
