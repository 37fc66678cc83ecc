/** The process of a session. A turn or a request starts it. If it has died, it is started again with `--resume`. */
import type { Call } from '../../core/call.js'
import { raceSignal } from '../../core/deadline.js'
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
  /** Begin a new session with this id instead of resuming one. */
  readonly asNew: boolean
  readonly fork: SessionOrigin['fork']
}

/** The launch of a session's process. Session fields of the options are replaced by those of the session. */
export function launchForSession(options: CLIAgentOptions, { sessionId, asNew, fork }: SessionLaunch): ClaudeLaunch {
  const { sessionId: _, resume: _resume, forkSession: _fork, continueSession: _continue, ...rest } = options
  const base = launchOf(rest)
  if (fork) {
    const at = fork.at === undefined ? {} : { resumeSessionAt: fork.at }
    return { ...base, resume: fork.from, forkSession: true, sessionId, ...at }
  }
  return asNew ? { ...base, sessionId } : { ...base, resume: sessionId }
}

/** The facts about a launch that failed. */
export interface FailedLaunch {
  readonly asNew: boolean
  /** The client chose the session id: the caller did not name a stored session. */
  readonly isOurs: boolean
  /** An earlier process of this session had started, so the CLI may have stored the session. */
  readonly isRestart: boolean
}

/**
 * Whether to repeat a failed launch as a new session (true) or as a resumed one (false); undefined for no repetition. After a first turn
 * that failed, only the CLI knows whether it has stored the session. Over a direct link stderr says that the id is in use (`conflict`). A
 * gateway hides stderr, so there the only sign is that the process ended.
 */
export function otherLaunch(error: unknown, was: FailedLaunch): boolean | undefined {
  if (!SignalboxError.is(error)) return undefined
  if (was.asNew) {
    const ended = error.code === 'exited' || error.code === 'closed'
    return error.code === 'conflict' || (was.isRestart && ended) ? false : undefined
  }
  // An unknown session that the caller named is an error. A missing CLI is an error too, and has the op `open`.
  return was.isOurs && error.code === 'not_found' && error.op !== 'open' ? true : undefined
}

export interface SessionProcess {
  /** The connection that was opened last. It may have ended. */
  readonly connection: Connection | undefined
  /** Whether the CLI has stored the session. Only then can it be resumed and forked. */
  known: boolean
  /** Gives the running process, or starts one. Concurrent callers share one start. */
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
  /** Settles when the process of a start that failed is gone. Two processes must not use one session. */
  let leaving: Promise<void> | undefined
  const onFailed = (ended: Promise<void>): void => {
    leaving = ended
  }

  const start = async (call: Call): Promise<Connection> => {
    const launch = async (asNew: boolean): Promise<Connection> => {
      if (leaving) await raceSignal(leaving, call.signal)
      const launching = launchForSession(options, { sessionId, asNew, fork })
      return await openConnection(context, { launch: launching, options, call, onUnsolicited, onFailed })
    }
    const was = {
      asNew: !process.known,
      isOurs: origin.resume === undefined,
      isRestart: connection !== undefined || leaving !== undefined,
    }
    try {
      return await launch(was.asNew)
    } catch (error) {
      const other = fork || options.noSessionPersistence || call.signal.aborted ? undefined : otherLaunch(error, was)
      if (other === undefined) throw error
      return await launch(other).catch((second: unknown) => {
        // The guess was wrong: the session is not stored, and the first error says why the process ended.
        throw SignalboxError.is(second, 'not_found') ? error : second
      })
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
      // A start whose caller gave up fails for that caller only. Other callers start again when it has ended.
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
