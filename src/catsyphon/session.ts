/** One agent's run: its start, what was said and done, its end. Every method resolves when the event is durable, not when it is sent. */
import { tell } from '../core/policy/policy.js'
import { SignalboxError } from '../errors.js'
import type { Outbox } from '../store/outbox.js'
import type { FlushReport } from '../store/outbox-types.js'
import type { CallOptions } from '../core/call.js'
import type { CollectorEvent, MessageType, Outcome, Role } from './events.js'
import { randomHex } from './random.js'
import type { CatsyphonEvent } from './report.js'
import { checkSessionId } from './session-id.js'
import type { SessionWriter, Writers } from './writer.js'

/** When something happened; default now. */
interface At {
  readonly emittedAt?: Date | number | string
}

export interface StartOptions extends At {
  readonly agentType: string
  readonly agentVersion?: string
  readonly workingDirectory?: string
  readonly gitBranch?: string
  /** Makes this the conversation of a sub-agent. A parent in the same outbox is sent first. */
  readonly parentSessionId?: string
  readonly slug?: string
  readonly contextSemantics?: Readonly<Record<string, unknown>>
  readonly summaries?: readonly Readonly<Record<string, unknown>>[]
  readonly compactionEvents?: readonly Readonly<Record<string, unknown>>[]
  /** More keys of the start; current servers drop those that they do not know. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface MessageOptions extends At {
  readonly role: Role
  readonly content: string
  /** Default `prompt` for a human, `response` for everybody else. */
  readonly messageType?: MessageType | (string & {})
  readonly model?: string
  /** The server's totals read `input_tokens` and `output_tokens`; `input` and `output` are taken for them. */
  readonly tokenUsage?: Readonly<Record<string, number>>
  readonly thinkingContent?: string
  readonly stopReason?: string
}

export interface ToolCallOptions extends At {
  readonly name: string
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Default: a new one. */
  readonly toolUseId?: string
}

export interface ToolResultOptions extends At {
  readonly toolUseId: string
  readonly success: boolean
  /** Anything but text is turned into JSON: the server takes text only. */
  readonly result?: unknown
  /** Shown instead of the result. */
  readonly errorMessage?: string
}

export interface EndOptions extends At {
  /** Default `success`. */
  readonly outcome?: Outcome | (string & {})
  readonly summary?: string
  readonly plans?: readonly Readonly<Record<string, unknown>>[]
  readonly filesTouched?: readonly string[]
  /** How long to wait for delivery. Default: the client's `drainTimeoutMs`. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface SessionOptions {
  /** What disposal completes a started session with; it cannot see whether an error is on its way. Default `partial`: no verdict. */
  readonly disposeOutcome?: Outcome
  readonly batchSize?: number
  readonly flushIntervalMs?: number
}

export interface Session extends AsyncDisposable {
  readonly id: string
  readonly started: boolean
  readonly completed: boolean
  /** A second start is ignored. */
  start(options: StartOptions): Promise<void>
  message(options: MessageOptions): Promise<void>
  /** The id to give to `toolResult`. */
  toolCall(options: ToolCallOptions): Promise<string>
  toolResult(options: ToolResultOptions): Promise<void>
  thinking(options: { readonly content: string; readonly thinkingId?: string } & At): Promise<void>
  error(options: { readonly errorType: string; readonly message: string; readonly details?: unknown } & At): Promise<void>
  /** Any event, with the wire's names. A type that the server does not know is taken and dropped by it. */
  add(event: CollectorEvent): Promise<void>
  /** Queues the end and waits, within bounds, until all is delivered. A second completion is ignored. */
  complete(options?: EndOptions): Promise<FlushReport>
  /** Sends what waits; gives what still waits when the time is up. */
  flush(options?: CallOptions): Promise<FlushReport>
  /** Items that wait. */
  readonly pending: number
}

export interface SessionContext {
  readonly writers: Writers
  readonly outbox: Outbox
  readonly drainTimeoutMs: number
  readonly report: (event: CatsyphonEvent) => void
}

export function createSession(context: SessionContext, sessionId: string, options: SessionOptions = {}): Session {
  const { writers, outbox, drainTimeoutMs } = context
  const { disposeOutcome = 'partial', batchSize, flushIntervalMs } = options
  const writer: SessionWriter = writers.of(checkSessionId(sessionId))
  outbox.tune(sessionId, {
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(flushIntervalMs === undefined ? {} : { lingerMs: flushIntervalMs }),
  })
  let started = false
  let completed = false
  /** Nobody has to wait for an event: its failure is reported, and must not end the process as unhandled. */
  const add = (type: string, data: Record<string, unknown>, at: At): Promise<void> => {
    const { emittedAt } = at
    const added = writer.add({ type, data: defined(data), ...(emittedAt === undefined ? {} : { emittedAt }) })
    added.catch(() => {})
    return added
  }
  const flush = async (flushOptions: CallOptions = {}): Promise<FlushReport> => {
    await writer.settled()
    return await outbox.flush({ timeoutMs: drainTimeoutMs, ...flushOptions, lane: sessionId })
  }

  const session: Session = {
    id: sessionId,
    get started() {
      return started
    },
    get completed() {
      return completed
    },
    get pending() {
      return outbox.pending(sessionId)
    },
    async start(given) {
      if (started) return
      started = true
      const { agentType, agentVersion, workingDirectory, gitBranch, parentSessionId, contextSemantics, compactionEvents } = given
      const { slug, summaries, metadata = {} } = given
      const data = {
        ...metadata,
        agent_type: agentType,
        agent_version: agentVersion,
        working_directory: workingDirectory,
        git_branch: gitBranch,
        parent_session_id: parentSessionId,
        context_semantics: contextSemantics,
        slug,
        summaries,
        compaction_events: compactionEvents,
      }
      try {
        await add('session_start', data, given)
      } catch (error) {
        started = false
        throw error
      }
    },
    message(given) {
      const { role, content, messageType, model, tokenUsage, thinkingContent, stopReason } = given
      const author = role === 'user' ? 'human' : role
      const data = {
        author_role: author,
        message_type: messageType ?? (author === 'human' ? 'prompt' : 'response'),
        content,
        model,
        token_usage: tokenUsage,
        thinking_content: thinkingContent,
        stop_reason: stopReason,
      }
      return add('message', data, given)
    },
    async toolCall(given) {
      const { name, parameters = {}, toolUseId = `tool_${randomHex(24)}` } = given
      await add('tool_call', { tool_name: name, tool_use_id: toolUseId, parameters }, given)
      return toolUseId
    },
    toolResult(given) {
      const { toolUseId, success, result, errorMessage } = given
      return add('tool_result', { tool_use_id: toolUseId, success, result, error_message: errorMessage }, given)
    },
    thinking: (given) => add('thinking', { content: given.content, thinking_id: given.thinkingId }, given),
    error(given) {
      const { errorType, message, details } = given
      return add('error', { error_type: errorType, message, details }, given)
    },
    add(event) {
      const added = writer.add(event)
      added.catch(() => {})
      return added
    },
    async complete(end = {}) {
      const { outcome = 'success', summary, plans, filesTouched, signal, timeoutMs = drainTimeoutMs } = end
      if (!completed) {
        completed = true
        const data = { outcome, summary, total_messages: writer.count, plans, files_touched: filesTouched }
        try {
          await Promise.all([
            add('session_end', data, end),
            writer.complete({ outcome, ...(summary === undefined ? {} : { summary }) }),
          ])
        } catch (error) {
          completed = false
          throw error
        }
      }
      return await flush({ timeoutMs, ...(signal ? { signal } : {}) })
    },
    flush,
    async [Symbol.asyncDispose]() {
      if (started && !completed) await session.complete({ outcome: disposeOutcome })
      else await flush()
    },
  }
  return session
}

/** The seed's `with`: the verdict is the function's own, and its error always leaves, whatever completing does. */
export async function withSession<Result>(
  session: Session,
  work: (session: Session) => Promise<Result> | Result,
  report: (event: CatsyphonEvent) => void,
): Promise<Result> {
  const end = async (outcome: 'success' | 'failed'): Promise<void> => {
    try {
      if (session.started && !session.completed) await session.complete({ outcome })
      else await session.flush()
    } catch (cause) {
      const message = `The session could not be completed: ${String(cause)}`
      const error = SignalboxError.is(cause) ? cause : new SignalboxError({ code: 'protocol', message, cause })
      tell(report, { type: 'rejected', sessionId: session.id, error })
    }
  }
  let result: Result
  try {
    result = await work(session)
  } catch (error) {
    await end('failed')
    throw error
  }
  await end('success')
  return result
}

const defined = (data: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
