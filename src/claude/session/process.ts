/** The process of a session: opened when a turn or a request needs one, and started again with `--resume` when it died. */
import type { Call } from '../../core/call.js'
import { SignalboxError } from '../../errors.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { Connection } from '../protocol/connection.js'
import type { TurnState } from '../protocol/turn-state.js'
import { openConnection } from '../run/open.js'
import { launchOf, type CLIAgentOptions } from '../run/options.js'
import type { RunContext } from '../run/run-context.js'
import type { SessionOrigin } from './types.js'

export interface SessionLaunch {
  readonly sessionId: string
  /** Begin a session with this id instead of going on with it. */
  readonly asNew: boolean
  readonly fork: SessionOrigin['fork']
}

/** The launch of a session's process. What the options say about sessions is replaced by what the session knows. */
export function launchForSession(options: CLIAgentOptions, { sessionId, asNew, fork }: SessionLaunch): ClaudeLaunch {
  const { sessionId: _, resume: _resume, forkSession: _fork, continueSession: _continue, ...rest } = options
  const base = launchOf(rest)
  if (fork) {
    const at = fork.at === undefined ? {} : { resumeSessionAt: fork.at }
    return { ...base, resume: fork.from, forkSession: true, sessionId, ...at }
  }
  return asNew ? { ...base, sessionId } : { ...base, resume: sessionId }
}

/**
 * Whether a launch that failed is worth repeating the other way: as a new session instead of a resumed one, or the reverse. How much a first
 * turn that failed left behind depends on how far it came, and the CLI knows that. Undefined when it is not worth it.
 */
export function launchTheOtherWay(error: unknown, was: { readonly asNew: boolean; readonly isOurs: boolean }): boolean | undefined {
  if (was.asNew) return SignalboxError.is(error, 'conflict') ? false : undefined
  // A session that the caller named and nobody has is an error. So is a CLI that is not found, which has the op `open`.
  return was.isOurs && SignalboxError.is(error, 'not_found') && error.op !== 'open' ? true : undefined
}

export interface SessionProcess {
  /** The last one that was opened; it may have ended. */
  readonly connection: Connection | undefined
  /** The CLI has the session: it can be resumed and forked. */
  known: boolean
  /** Gives the living process, or opens one. Concurrent callers share one opening. */
  open(call: Call): Promise<Connection>
}

export interface SessionProcessParts {
  readonly context: RunContext
  readonly options: CLIAgentOptions
  readonly sessionId: string
  readonly origin: SessionOrigin
  readonly onUnsolicited: () => TurnState
  /** Throws when the session was closed. */
  readonly checkOpen: () => void
}

export function createSessionProcess(parts: SessionProcessParts): SessionProcess {
  const { context, options, sessionId, origin, onUnsolicited, checkOpen } = parts
  let connection: Connection | undefined
  let opening: { readonly work: Promise<Connection>; readonly by: AbortSignal } | undefined
  let { fork } = origin

  const start = async (call: Call): Promise<Connection> => {
    const launch = (asNew: boolean): Promise<Connection> =>
      openConnection(context, { launch: launchForSession(options, { sessionId, asNew, fork }), options, call, onUnsolicited })
    const asNew = !process.known
    try {
      return await launch(asNew)
    } catch (error) {
      const other =
        fork || options.noSessionPersistence ? undefined : launchTheOtherWay(error, { asNew, isOurs: origin.resume === undefined })
      if (other === undefined) throw error
      return await launch(other)
    }
  }

  const process: SessionProcess = {
    get connection() {
      return connection
    },
    known: origin.resume !== undefined,
    async open(call) {
      if (connection?.alive) return connection
      await connection?.ended
      // An opening that its caller gave up takes a while to end, and fails for that caller alone.
      while (opening?.by.aborted && !call.signal.aborted) await opening.work.catch(() => {})
      const forget = (): void => {
        opening = undefined
      }
      opening ??= { work: start(call).finally(forget), by: call.signal }
      const { work, by } = opening
      const opened = await work.catch((error: unknown) => {
        if (!by.aborted || by === call.signal) throw error
        return process.open(call)
      })
      connection = opened
      try {
        checkOpen()
      } catch (error) {
        void opened.close()
        throw error
      }
      fork = undefined
      return opened
    },
  }
  return process
}
