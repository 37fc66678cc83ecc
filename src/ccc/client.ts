/** The client of a CCC server: every command typed, every ask with an honest outcome. */
import type { CallOptions, ClientOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import type { SignalStream } from '../core/stream.js'
import { validated, type InvalidMessage } from '../core/validate.js'
import { createAsks } from './asks.js'
import { openCore, type CccCore, type CccCoreOptions } from './core.js'
import { cccError } from './failures.js'
import type { Receipt } from './history.js'
import type { AskOptions, AskResult, CccSendError, Resolution, SendAndWaitOptions, SendOptions, SendResult } from './outcomes.js'
import { RESULTS, type CccActivity, type CccMessage, type CccSession, type Results } from './schema.js'
import { subscribe, type StatusEvent, type SubscribeOptions } from './subscribe.js'
import type { TextPolicy } from './text.js'

export interface CccOptions extends CccCoreOptions, Pick<ClientOptions, 'validate'> {
  /** What to do with a leading `-` or a trailing `;`, which the server would mangle. Default `guard`: one space. */
  readonly textPolicy?: TextPolicy
  readonly onEvent?: (event: InvalidMessage) => void
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
  ping(options?: CallOptions): Promise<Results['ping']>
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
  questions(options: CallOptions & { readonly session: string }): Promise<Results['questions']['questions']>
  answer(
    options: CallOptions & { readonly session: string; readonly questionIndex: number; readonly optionIndex: number },
  ): Promise<string>
  /** What became of an ask or a send whose outcome is unknown. Takes the error that it left with, or its receipt. */
  resolve(what: Receipt | CccSendError, options?: CallOptions): Promise<Resolution>
}

/** The arguments of every command, under our names. */
interface Given extends Partial<Pick<HistoryOptions, 'session' | 'after' | 'limit' | 'fromFilter'>> {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number | undefined
  readonly text?: string
  readonly from?: string
  readonly questionIndex?: number
  readonly optionIndex?: number
}

/** One command by its name, with its answer checked. */
export type Command = <Name extends keyof Results>(cmd: Name, given?: Given) => Promise<Results[Name]>

const byName = <Named extends { readonly name: string }>(list: readonly Named[] = []): Named[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : 1))

export function createCcc(options: CccOptions): Ccc {
  const { onEvent, validate = 'warn', clock = systemClock } = options
  const core = openCore(options)

  const command: Command = async (cmd, given = {}) => {
    const { session, text, from, after, limit, fromFilter, questionIndex, optionIndex, ...limits } = given
    // What is undefined stays out of the line.
    const indices = { question_index: questionIndex, option_index: optionIndex }
    const fields = { session, text, from, after, limit, from_filter: fromFilter, ...indices }
    const answer = await core.call(cmd, fields, limits as CallOptions)
    const check = { validate, op: cmd, facts: { system: 'ccc' }, onInvalid: onEvent }
    return validated(RESULTS[cmd], answer, check) as Results[typeof cmd]
  }

  const sessions: Ccc['sessions'] = async (given) => byName((await command('sessions', given)).sessions)

  return {
    call: core.call,
    sessions,
    ...createAsks(command, clock, options),
    ping: (given) => command('ping', given),
    activity: async (given) => byName((await command('activity', given)).activity),
    async history(given) {
      const { fromFilter } = given
      const { messages = [] } = await command('history', given)
      return fromFilter ? messages.filter(({ from }) => from === fromFilter) : messages
    },
    screenshot: async (given) => (await command('screenshot', given)).response ?? '',
    questions: async (given) => (await command('questions', given)).questions,
    async continue(given) {
      await command('continue', given)
    },
    async answer(given) {
      // The server takes a missing index for 0 and would press Enter on the first option.
      if (![given.questionIndex, given.optionIndex].every((index) => Number.isInteger(index) && index >= 0)) {
        throw cccError('invalid_argument', 'An index is missing or wrong.', { op: 'answer' })
      }
      return (await command('answer', given)).response ?? ''
    },
    subscribe: (given = {}) => subscribe({ ...core, clock, sessions }, given),
    [Symbol.asyncDispose]: core.close,
  }
}
