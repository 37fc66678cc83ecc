/** The client of a CCC server: every command typed, every ask with an honest outcome. */
import type { CallOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import type { SignalStream } from '../core/stream.js'
import { cccAnswers, type CccChecks } from './answers.js'
import { createAsks } from './asks.js'
import { openCore, type CccCore, type CccCoreOptions } from './core.js'
import { cccError } from './failures.js'
import type { Receipt } from './history.js'
import type { AskOptions, AskResult, CccSendError, Resolution, SendAndWaitOptions, SendOptions, SendResult } from './outcomes.js'
import type { CccActivity, CccMessage, CccPing, CccQuestions, CccSession, Results } from './results.js'
import { subscribe, type StatusEvent, type SubscribeOptions } from './subscribe.js'
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

/** The arguments of every command, under our names. */
interface Given extends Partial<Pick<HistoryOptions, 'session' | 'after' | 'limit' | 'fromFilter'>> {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly text?: string
  readonly from?: string
  readonly questionIndex?: number
  readonly optionIndex?: number
}

/** One command by its name. */
export type Command = <Name extends keyof Results>(cmd: Name, given?: Given) => Promise<Results[Name]>

/** Of a question, what is left out while it is false or zero. */
const UNTOLD: object = { multi_select: false, answer_index: 0 }

const byName = <Named extends { readonly name: string }>(list: readonly Named[] = []): Named[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : 1))

export function createCcc(options: CccOptions): Ccc {
  const { clock = systemClock } = options
  const core = openCore(options)
  const checked = cccAnswers(options)

  const command = async (cmd: keyof Results, given: Given = {}): Promise<unknown> => {
    const { signal, timeoutMs, fromFilter, questionIndex, optionIndex, ...same } = given
    // What is undefined stays out of the line.
    const renamed = { from_filter: fromFilter, question_index: questionIndex, option_index: optionIndex }
    const answer = await core.call(cmd, { ...same, ...renamed }, { signal, timeoutMs } as CallOptions)
    return checked(cmd, answer)
  }
  const ask = command as Command

  const sessions: Ccc['sessions'] = async (given) => byName((await ask('sessions', given)).sessions)
  const activity: Ccc['activity'] = async (given) => byName((await ask('activity', given)).activity)

  return {
    call: core.call,
    sessions,
    activity,
    ...createAsks(ask, clock, options),
    ping: async (given) => ({ version: '', uptime_seconds: 0, sessions_active: 0, ...(await ask('ping', given)) }),
    async history(given) {
      const { fromFilter } = given
      const { messages = [] } = await ask('history', given)
      return fromFilter ? messages.filter(({ from }) => from === fromFilter) : messages
    },
    screenshot: async (given) => (await ask('screenshot', given)).response ?? '',
    async questions(given) {
      const { questions: set } = await ask('questions', given)
      return set && { ...set, questions: (set.questions ?? []).map((one) => ({ ...UNTOLD, ...one })) }
    },
    async continue(given) {
      await ask('continue', given)
    },
    async answer(given) {
      // The server takes a missing index for 0 and would press Enter on the first option.
      if (![given.questionIndex, given.optionIndex].every((index) => Number.isInteger(index) && index >= 0)) {
        throw cccError('invalid_argument', 'An index is missing or wrong.', { op: 'answer' })
      }
      return (await ask('answer', given)).response ?? ''
    },
    subscribe: (given = {}) => subscribe({ ...core, clock, activity, sessions }, given),
    [Symbol.asyncDispose]: core.close,
  }
}
