/** One agent's run: its start, what was said and done, its end. Every method resolves when the event is durable, not when it is sent. */
import { snakeName } from '../core/names.js'
import type { CallOptions } from '../core/call.js'
import { SignalboxError } from '../errors.js'
import type { FlushReport } from '../store/outbox-types.js'
import { failure } from './errors.js'
import type { CollectorEvent, EventType, MessageType, Moment, Outcome, Role } from './events.js'
import type { BatchTuning, Queue } from './queue.js'
import { randomHex } from './random.js'
import type { CatsyphonEvent } from './report.js'
import { checkSessionId } from './session-id.js'

/** When something happened; default now. */
interface At {
  readonly emittedAt?: Moment
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

export interface SessionOptions extends BatchTuning {
  /** What disposal completes a started session with; it cannot see whether an error is on its way. Default `partial`: no verdict. */
  readonly disposeOutcome?: Outcome
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

/** `timeoutMs`: how long `complete`, `flush` and disposal wait for delivery. */
export function createSession(queue: Queue, timeoutMs: number, sessionId: string, options: SessionOptions = {}): Session {
  const own = queue.session(checkSessionId(sessionId), options)
  let started = false
  let completed = false
  /** Nobody has to wait for an event: its failure is reported, and must not end the process as unhandled. */
  const quiet = (added: Promise<void>): Promise<void> => {
    added.catch(() => {})
    return added
  }
  const add = <Given extends At>(type: EventType, { emittedAt, ...data }: Given, more?: object): Promise<void> =>
    quiet(own.add({ type, data: { ...more, ...wireNames(data) }, emittedAt }))

  const session: Session = {
    id: sessionId,
    get started() {
      return started
    },
    get completed() {
      return completed
    },
    get pending() {
      return own.pending
    },
    async start({ metadata, ...given }) {
      if (started) return
      started = true
      try {
        await add('session_start', given, metadata)
      } catch (error) {
        started = false
        throw error
      }
    },
    message({ role, messageType, ...given }) {
      const authorRole = role === 'user' ? 'human' : role
      return add('message', { authorRole, messageType: messageType ?? (authorRole === 'human' ? 'prompt' : 'response'), ...given })
    },
    async toolCall({ name: toolName, parameters = {}, toolUseId = `tool_${randomHex(12)}`, ...at }) {
      await add('tool_call', { toolName, toolUseId, parameters, ...at })
      return toolUseId
    },
    toolResult: (given) => add('tool_result', given),
    thinking: (given) => add('thinking', given),
    error: (given) => add('error', given),
    add: (event) => quiet(own.add(event)),
    async complete({ signal, timeoutMs: most = timeoutMs, outcome = 'success', ...given } = {}) {
      if (!completed) {
        completed = true
        try {
          await Promise.all([
            add('session_end', { outcome, totalMessages: own.count, ...given }),
            own.complete({ outcome, summary: given.summary }),
          ])
        } catch (error) {
          completed = false
          throw error
        }
      }
      return await own.flush({ timeoutMs: most, ...(signal && { signal }) })
    },
    flush: (options) => own.flush({ timeoutMs, ...options }),
    async [Symbol.asyncDispose]() {
      await end(session, options.disposeOutcome ?? 'partial')
    },
  }
  return session
}

const end = (session: Session, outcome: Outcome): Promise<FlushReport> =>
  session.started && !session.completed ? session.complete({ outcome }) : session.flush()

/** The seed's `with`: the verdict is the function's own, and its error always leaves, whatever completing does. */
export async function withSession<Result>(
  session: Session,
  work: (session: Session) => Promise<Result> | Result,
  report: (event: CatsyphonEvent) => void,
): Promise<Result> {
  let outcome: Outcome = 'failed'
  try {
    const result = await work(session)
    outcome = 'success'
    return result
  } finally {
    await end(session, outcome).catch((cause: unknown) => {
      const error = SignalboxError.is(cause)
        ? cause
        : failure('protocol', `The session could not be completed: ${cause}`, { cause })
      report({ type: 'rejected', sessionId: session.id, error })
    })
  }
}

/** The wire's names are the caller's own in snake_case; what stands inside of them is nobody's business. */
const wireNames = (given: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [snakeName(key), value]))
