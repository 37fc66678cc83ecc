/** The client of a CCC server: every command with types, and every ask with an honest outcome. */
import type { CallOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import type { SignalStream } from '../core/stream.js'
import type { CccChecks } from './answer-schemas.js'
import { createAsks } from './asks.js'
import { readHistory } from './read-history.js'
import type {
  AskOptions,
  AskResult,
  CccSendError,
  Receipt,
  Resolution,
  SendAndWaitOptions,
  SendOptions,
  SendResult,
} from './outcomes.js'
import { createResolver } from './resolve.js'
import type { CccActivity, CccMessage, CccPing, CccQuestions, CccSession } from './results.js'
import { openSmallClient, type CccCore, type CccCoreOptions } from './small-client.js'
import { subscribe, type StatusEvent, type SubscribeOptions } from './subscribe.js'
import type { TextPolicy } from './text.js'
import { createTypedCommands } from './typed-commands.js'

/** Options of the client. */
export interface CccOptions extends CccCoreOptions, CccChecks {
  /**
   * What to do with a text that the terminal would change. `guard` (the default) makes the smallest change that saves the text; `refuse`
   * throws `invalid_argument`. See the table in docs/ccc.md.
   */
  readonly textPolicy?: TextPolicy
}

/** Which entries of a history. */
export interface HistoryOptions extends CallOptions {
  /** Exact name of the session. */
  readonly session: string
  /** Only entries with a greater id. Ids repeat, so this skips Claude's answers of local sessions. */
  readonly after?: number
  /** How many entries, the newest ones; default 100. */
  readonly limit?: number
  /** Only entries of `claude`, `human` or `api`. */
  readonly fromFilter?: string
}

/** A client of a CCC server. Each call uses a connection of its own. */
export interface Ccc extends CccCore {
  /**
   * Tells the version and uptime of the server. Fails with `unsupported` on servers of January 2026.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * console.log((await ccc.ping()).version)
   */
  ping(options?: CallOptions): Promise<CccPing>
  /**
   * Lists the sessions, sorted by name. The server asks each remote host, so dead hosts make it slow.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * for (const { name, status } of await ccc.sessions()) console.log(name, status)
   */
  sessions(options?: CallOptions): Promise<readonly CccSession[]>
  /**
   * Types a text into a session and waits for the answer, up to 345 s by default. Starts the session if it does not run. An ask that is
   * delivered and brings no answer is `unanswered`, which is not an error: Claude may still be at work.
   *
   * Fails with `CccSendError`. Its `sent` tells whether the text may have been delivered, and `resolve()` finds out.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * const answer = await ccc.ask({ session: 'myproject', text: 'Which tests are failing?' })
   * if (answer.outcome === 'answered') console.log(answer.response, answer.attribution)
   */
  ask(options: AskOptions): Promise<AskResult>
  /**
   * Types a text into a session and returns when it is typed, which takes two seconds or more. Does not wait for an answer: keep the
   * receipt, and `resolve(receipt)` finds the answer later.
   *
   * Fails with `CccSendError`, as `ask` does.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * const { receipt } = await ccc.send({ session: 'myproject', text: 'Run the tests.' })
   * // Later, also in another process: a receipt is plain data.
   * const found = await ccc.resolve(receipt)
   * if (found.outcome === 'answered') console.log(found.response)
   */
  send(options: SendOptions): Promise<SendResult>
  /**
   * Sends a text and polls the history until it has an answer after the text, up to 345 s by default. Outlasts the five minutes after which a
   * server ends an ask, and a session that looks idle while it works.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * const answer = await ccc.sendAndWait({ session: 'myproject', text: 'Refactor the parser.', timeoutMs: 3_600_000 })
   * console.log(answer.outcome)
   */
  sendAndWait(options: SendAndWaitOptions): Promise<AskResult>
  /**
   * Returns the newest entries of a session's history, oldest first.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * for (const { from, text } of await ccc.history({ session: 'myproject', limit: 20 })) console.log(from, text)
   */
  history(options: HistoryOptions): Promise<readonly CccMessage[]>
  /**
   * Streams status changes of sessions. A lost connection is opened again and shows as a `gap`. `break`, an aborted `signal` or `close()` of
   * the stream ends it; a stream that is not read any more must be closed.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * for await (const event of await ccc.subscribe({ sessions: ['myproject'] })) {
   *   if (event.type === 'status' && event.status === 'stopped') break
   * }
   */
  subscribe(options?: SubscribeOptions): Promise<SignalStream<StatusEvent>>
  /**
   * Ends what the session is doing and starts Claude again with the same conversation. Repairs a session after a crash.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * await ccc.continue({ session: 'myproject' })
   */
  continue(options: CallOptions & { readonly session: string; readonly from?: string }): Promise<void>
  /**
   * Lists the last history entry of each session, sorted by name. To notice a new answer, compare time, author and text: the id of Claude's
   * local answers is always 1.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * for (const { name, lastFrom, lastText } of await ccc.activity()) console.log(name, lastFrom, lastText)
   */
  activity(options?: CallOptions): Promise<readonly CccActivity[]>
  /**
   * Returns the screen of a session as text, with `limit` lines of scrollback above it (default 50). Fails with `unavailable` if the
   * session does not run.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * console.log(await ccc.screenshot({ session: 'myproject', limit: 10 }))
   */
  screenshot(options: CallOptions & { readonly session: string; readonly limit?: number }): Promise<string>
  /**
   * Returns the questions of a session that wait for an answer, or undefined. The public servers never find any: see docs/ccc.md.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * const waiting = await ccc.questions({ session: 'myproject' })
   * for (const { question, options } of waiting?.questions ?? []) console.log(question, options.map(({ label }) => label))
   */
  questions(options: CallOptions & { readonly session: string }): Promise<CccQuestions | undefined>
  /**
   * Answers a question with one option. Both indices start at 0 and must be given: a server takes a missing index for 0.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * console.log(await ccc.answer({ session: 'myproject', questionIndex: 0, optionIndex: 1 }))
   */
  answer(
    options: CallOptions & { readonly session: string; readonly questionIndex: number; readonly optionIndex: number },
  ): Promise<string>
  /**
   * Finds out what became of an ask or a send. Takes its receipt, or the error with which it failed. Looks for the text, the author, the
   * time and the position in the history.
   *
   * @example
   * import { createCcc, CccSendError } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * try {
   *   await ccc.ask({ session: 'myproject', text: 'Deploy.', timeoutMs: 60_000 })
   * } catch (error) {
   *   if (!(error instanceof CccSendError) || error.sent === 'no') throw error
   *   console.log((await ccc.resolve(error)).outcome) // answered, stored, not_stored or unknown
   * }
   */
  resolve(message: Receipt | CccSendError, options?: CallOptions): Promise<Resolution>
}

/**
 * Creates a client of a CCC server. It opens connections when they are needed and holds none between calls.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSocket } from 'signalbox/node'
 *
 * await using ccc = createCcc({ transport: cccSocket() })
 * console.log(await ccc.sessions())
 */
export function createCcc(options: CccOptions): Ccc {
  const { clock = systemClock } = options
  const smallClient = openSmallClient(options)
  const { call, close } = smallClient
  const command = createTypedCommands(call, options)
  const resolver = createResolver(command, clock, options)
  return {
    call,
    close,
    [Symbol.asyncDispose]: close,
    ...createAsks(command, resolver, clock, options),
    resolve: resolver.resolve,
    subscribe: (args = {}) => subscribe({ ...smallClient, command, clock }, args),
    history: (args) => readHistory(command, clock, { timeoutMs: options.timeoutMs, ...args }),
    ping: (args) => command('ping', args),
    sessions: (args) => command('sessions', args),
    continue: (args) => command('continue', args),
    activity: (args) => command('activity', args),
    screenshot: (args) => command('screenshot', args),
    questions: (args) => command('questions', args),
    answer: (args) => command('answer', args),
  }
}
