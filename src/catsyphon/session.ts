/** The session of one agent: its start, its messages and tool calls, its end. A method resolves when its event is durable, not when it is sent. */
import { snakeName } from '../core/names.js'
import type { CallOptions } from '../core/call.js'
import { SignalboxError } from '../errors.js'
import type { FlushReport } from '../store/outbox/types.js'
import { failure } from './errors.js'
import type { CollectorEvent, EventType, MessageType, Moment, Outcome, Role } from './events.js'
import type { BatchTuning, ClientOutbox } from './outbox/types.js'
import { randomHex } from './random.js'
import type { CatsyphonEvent } from './report.js'
import { checkSessionId } from './session-id.js'

/** When something happened. */
interface At {
  /** When it happened. Default now. */
  readonly emittedAt?: Moment
}

/** The start of a session. */
export interface StartOptions extends At {
  /** The kind of agent, for example `claude-code`. Cut to 50 characters. */
  readonly agentType: string
  /** Cut to 50 characters. */
  readonly agentVersion?: string
  /** The server makes the project and the developer of it. */
  readonly workingDirectory?: string
  /** The branch that the agent works on. */
  readonly gitBranch?: string
  /** Makes this the session of a sub-agent. A parent in the same outbox is sent first. */
  readonly parentSessionId?: string
  /** A short name that the server shows. */
  readonly slug?: string
  /** How the agent builds its context. */
  readonly contextSemantics?: Readonly<Record<string, unknown>>
  /** Summaries of earlier parts of the conversation. */
  readonly summaries?: readonly Readonly<Record<string, unknown>>[]
  /** When the agent compacted its context. */
  readonly compactionEvents?: readonly Readonly<Record<string, unknown>>[]
  /** More keys of the start. Current servers drop keys that they do not know. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** A message. */
export interface MessageOptions extends At {
  /** Who says it. `user` is sent as `human`. */
  readonly role: Role
  /** The text. */
  readonly content: string
  /** Default `prompt` for a human, `response` for all others. */
  readonly messageType?: MessageType | (string & {})
  /** The model that wrote it. */
  readonly model?: string
  /** The server adds up `input_tokens` and `output_tokens`. `input` and `output` are renamed to these. */
  readonly tokenUsage?: Readonly<Record<string, number>>
  /** The thoughts of the model before this message. */
  readonly thinkingContent?: string
  /** Why the model stopped. */
  readonly stopReason?: string
}

/** A tool call. */
export interface ToolCallOptions extends At {
  /** The tool's name. */
  readonly name: string
  /** The tool's input. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Default: a new random id. */
  readonly toolUseId?: string
}

/** The result of a tool call. */
export interface ToolResultOptions extends At {
  /** What `toolCall` gave. */
  readonly toolUseId: string
  /** Whether the tool succeeded. */
  readonly success: boolean
  /** Text is sent as it is; any other value is sent as JSON text. */
  readonly result?: unknown
  /** The server shows it instead of the result. */
  readonly errorMessage?: string
}

/** The end of a session. */
export interface EndOptions extends At {
  /** Default `success`. */
  readonly outcome?: Outcome | (string & {})
  /** A text that the server keeps with the session. */
  readonly summary?: string
  /** The agent's plans, in the wire's own shape. */
  readonly plans?: readonly Readonly<Record<string, unknown>>[]
  /** Paths of files that the agent worked on. */
  readonly filesTouched?: readonly string[]
  /** How long to wait for delivery. Default: the client's `drainTimeoutMs`. */
  readonly timeoutMs?: number
  /** Ends the wait for delivery with a rejection. The end of the session stays queued. */
  readonly signal?: AbortSignal
}

/** Options of `client.session`. */
export interface SessionOptions extends BatchTuning {
  /** The outcome with which disposal completes a started session. It cannot see whether an error was thrown. Default `partial`. */
  readonly disposeOutcome?: Outcome
}

/** A session that events are written to. Disposal completes it if it was started, and flushes. */
export interface Session extends AsyncDisposable {
  /** The session's id. */
  readonly id: string
  /** Whether `start` was called. */
  readonly started: boolean
  /** Whether `complete` was called. */
  readonly completed: boolean
  /**
   * Starts the session. A second start is ignored.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * await session.start({ agentType: 'claude-code', agentVersion: '2.1.0' })
   */
  start(options: StartOptions): Promise<void>
  /**
   * Adds a message.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * await session.message({ role: 'user', content: 'Where is the bug?' })
   */
  message(options: MessageOptions): Promise<void>
  /**
   * Adds a tool call. Gives the id for `toolResult`.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * const toolUseId = await session.toolCall({ name: 'Read', parameters: { file_path: '/project/a.ts' } })
   * await session.toolResult({ toolUseId, success: true, result: 'export {}' })
   */
  toolCall(options: ToolCallOptions): Promise<string>
  /**
   * Adds the result of a tool call.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * const toolUseId = await session.toolCall({ name: 'Bash', parameters: { command: 'npm test' } })
   * await session.toolResult({ toolUseId, success: false, result: 'exit code 1' })
   */
  toolResult(options: ToolResultOptions): Promise<void>
  /**
   * Adds what the agent thought.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * await session.thinking({ content: 'The parser drops the last line.' })
   */
  thinking(options: { readonly content: string; readonly thinkingId?: string } & At): Promise<void>
  /**
   * Adds an error that the agent met.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * await session.error({ errorType: 'timeout', message: 'The tests took too long.' })
   */
  error(options: { readonly errorType: string; readonly message: string; readonly details?: unknown } & At): Promise<void>
  /**
   * Adds any event, with the wire's names. The server accepts an unknown type and stores nothing for it.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * await session.add({ type: 'thinking', data: { content: 'In the parser.' } })
   */
  add(event: CollectorEvent): Promise<void>
  /**
   * Queues the end and waits, within `timeoutMs`, until all is delivered. A second completion only waits.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * const report = await session.complete({ outcome: 'success', summary: 'Fixed the parser.' })
   * console.log(report)
   */
  complete(options?: EndOptions): Promise<FlushReport>
  /**
   * Sends the events that wait. The report has the number of events that still wait at the end of the time.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * console.log(await session.flush({ timeoutMs: 5000 }), session.pending)
   */
  flush(options?: CallOptions): Promise<FlushReport>
  /**
   * How many items the outbox of this session ever took, also in earlier processes. A program that stores this number before it adds
   * events finds out after a crash how many of them are durable.
   *
   * @example
   * import type { Session } from 'signalbox/catsyphon'
   *
   * declare const session: Session
   * const before = await session.taken()
   * await session.message({ role: 'user', content: 'Fix the parser.' })
   * console.log((await session.taken()) - before)
   */
  taken(): Promise<number>
  /** Items that wait. */
  readonly pending: number
}

/** `timeoutMs`: how long `complete`, `flush` and disposal wait for delivery. */
export function createSession(outbox: ClientOutbox, timeoutMs: number, sessionId: string, options: SessionOptions = {}): Session {
  const own = outbox.session(checkSessionId(sessionId), options)
  let started = false
  let completed = false
  /** A caller may ignore the promise of an event: its failure is reported, and must not end the process as unhandled. */
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
    async start({ metadata, ...fields }) {
      if (started) return
      started = true
      try {
        await add('session_start', fields, metadata)
      } catch (error) {
        started = false
        throw error
      }
    },
    message({ role, messageType, ...fields }) {
      const authorRole = role === 'user' ? 'human' : role
      return add('message', { authorRole, messageType: messageType ?? (authorRole === 'human' ? 'prompt' : 'response'), ...fields })
    },
    async toolCall({ name: toolName, parameters = {}, toolUseId = `tool_${randomHex(12)}`, ...at }) {
      await add('tool_call', { toolName, toolUseId, parameters, ...at })
      return toolUseId
    },
    toolResult: (fields) => add('tool_result', fields),
    thinking: (fields) => add('thinking', fields),
    error: (fields) => add('error', fields),
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
    taken: () => own.taken(),
    async [Symbol.asyncDispose]() {
      await end(session, options.disposeOutcome ?? 'partial')
    },
  }
  return session
}

const end = (session: Session, outcome: Outcome): Promise<FlushReport> =>
  session.started && !session.completed ? session.complete({ outcome }) : session.flush()

/** Completes with the outcome of the function. The function's error is thrown on, also where completing fails. */
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

/** The wire's names are the option's names in snake_case. Keys inside of the values stay as they are. */
function wireNames(fields: object): Record<string, unknown> {
  const named: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields)) named[snakeName(key)] = value
  return named
}
