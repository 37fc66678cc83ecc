/** The client of a CCC server: every command typed, every ask with an honest outcome. */
import type { CallOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import type { SignalStream } from '../core/stream.js'
import { lazily } from '../core/lazily.js'
import type { CccChecks } from './answers.js'
import { openCore, type CccCore, type CccCoreOptions } from './core.js'
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
import type { CccActivity, CccMessage, CccPing, CccQuestions, CccSession } from './results.js'
import type { StatusEvent, SubscribeOptions } from './subscribe.js'
import type { TextPolicy } from './text.js'

export interface CccOptions extends CccCoreOptions, CccChecks {
  /** What to do with a leading `-` or a trailing `;`, which the server would mangle. Default `guard`: one space. */
  readonly textPolicy?: TextPolicy
}

export interface HistoryOptions extends CallOptions {
  readonly session: string
  /** Entries whose id is greater. Ids repeat, so this skips answers of local sessions; see docs/ccc.md. */
  readonly after?: number
  /** The newest so many, default 100. */
  readonly limit?: number
  /** `claude`, `human` or `api`; also applied here, because the oldest servers ignore it. */
  readonly fromFilter?: string
}

export interface Ccc extends CccCore {
  ping(options?: CallOptions): Promise<CccPing>
  /** Sorted by name; the server's order is random. */
  sessions(options?: CallOptions): Promise<readonly CccSession[]>
  ask(options: AskOptions): Promise<AskResult>
  send(options: SendOptions): Promise<SendResult>
  /** Sends, then polls the history until Claude's answer stands behind the message. */
  sendAndWait(options: SendAndWaitOptions): Promise<AskResult>
  history(options: HistoryOptions): Promise<readonly CccMessage[]>
  subscribe(options?: SubscribeOptions): Promise<SignalStream<StatusEvent>>
  /** Kills what the session is doing and starts it again where its conversation stood. */
  continue(options: CallOptions & { readonly session: string; readonly from?: string }): Promise<void>
  /** Sorted by name. Compare time, author and text of the last message; its id does not change for local answers. */
  activity(options?: CallOptions): Promise<readonly CccActivity[]>
  /** What the pane shows, with `limit` lines of scrollback above. */
  screenshot(options: CallOptions & { readonly session: string; readonly limit?: number }): Promise<string>
  questions(options: CallOptions & { readonly session: string }): Promise<CccQuestions | undefined>
  answer(
    options: CallOptions & { readonly session: string; readonly questionIndex: number; readonly optionIndex: number },
  ): Promise<string>
  /** What became of an ask or a send whose outcome is unknown. Takes the error that it left with, or its receipt. */
  resolve(what: Receipt | CccSendError, options?: CallOptions): Promise<Resolution>
}

/** Those that take one object, each under its own name. */
const METHODS = [
  'ping',
  'sessions',
  'ask',
  'send',
  'sendAndWait',
  'history',
  'continue',
  'activity',
  'screenshot',
  'questions',
  'answer',
] as const

export function createCcc(options: CccOptions): Ccc {
  const { clock = systemClock } = options
  const core = openCore(options)
  const commands = lazily('ccc', clock, async () => (await import('./methods.js')).createMethods(core, clock, options))
  const streams = lazily('ccc', clock, () => import('./subscribe.js'))
  const method = (op: (typeof METHODS)[number]) => [
    op,
    (given: CallOptions = {}) => commands<CallOptions, unknown>(op, given, (part, left) => part[op](left as never)),
  ]
  const client: Ccc = {
    call: core.call,
    ...(Object.fromEntries(METHODS.map(method)) as Pick<Ccc, (typeof METHODS)[number]>),
    resolve: (what, given = {}) => commands('resolve', given, (part, left) => part.resolve(what, left)),
    subscribe: (given = {}) => streams('subscribe', given, (part, left) => part.subscribe({ ...core, ...client, clock }, left)),
    close: core.close,
    [Symbol.asyncDispose]: core.close,
  }
  return client
}
