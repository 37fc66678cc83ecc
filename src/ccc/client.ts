/** The client of a CCC server: every command typed, every ask with an honest outcome. */
import type { CallOptions, ClientOptions } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import type { SignalStream } from '../core/stream.js'
import { validated, type InvalidMessage } from '../core/validate.js'
import { SignalboxError } from '../errors.js'
import { createAsks } from './asks.js'
import { openCore, type CccCore, type CccCoreOptions } from './core.js'
import type { Line } from './exchange.js'
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

const byName = <Named extends { readonly name: string }>(list: readonly Named[] = []): Named[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : 1))

export function createCcc(options: CccOptions): Ccc {
  const { textPolicy = 'guard', onEvent, validate = 'warn', clock = systemClock } = options
  const { call, caller, wire, close } = openCore(options)
  const streams = new Set<SignalStream<StatusEvent>>()

  const command = async <Name extends keyof Results>(cmd: Name, fields: Line, given: CallOptions): Promise<Results[Name]> => {
    const answer = await call(cmd, fields, given)
    return validated(RESULTS[cmd], answer, { validate, op: cmd, facts: { system: 'ccc' }, onInvalid: onEvent }) as Results[Name]
  }

  const sessions: Ccc['sessions'] = async (given = {}) => byName((await command('sessions', {}, given)).sessions)

  return {
    call,
    sessions,
    ...createAsks({ command, clock, timeoutMs: options.timeoutMs, textPolicy }),
    ping: (given = {}) => command('ping', {}, given),
    activity: async (given = {}) => byName((await command('activity', {}, given)).activity),
    async history(given) {
      const { session, after, limit, fromFilter } = given
      const fields = { session, after, limit, from_filter: fromFilter }
      const { messages = [] } = await command('history', fields, given)
      return fromFilter ? messages.filter(({ from }) => from === fromFilter) : messages
    },
    screenshot: async (given) =>
      (await command('screenshot', { session: given.session, limit: given.limit }, given)).response ?? '',
    questions: async (given) => (await command('questions', { session: given.session }, given)).questions,
    async continue(given) {
      await command('continue', { session: given.session, from: given.from }, given)
    },
    async answer(given) {
      const { session, questionIndex, optionIndex } = given
      // The server takes a missing index for 0 and would press Enter on the first option.
      if (![questionIndex, optionIndex].every((index) => Number.isInteger(index) && index >= 0)) {
        throw new SignalboxError({
          code: 'invalid_argument',
          system: 'ccc',
          op: 'answer',
          message: 'An index is missing or wrong.',
        })
      }
      const fields = { session, question_index: questionIndex, option_index: optionIndex }
      return (await command('answer', fields, given)).response ?? ''
    },
    async subscribe(given = {}) {
      const stream = await subscribe({ ...wire, caller, clock, sessions, call }, given, () => streams.delete(stream))
      streams.add(stream)
      return stream
    },
    async [Symbol.asyncDispose]() {
      const ending = close()
      await Promise.all([...streams].map((stream) => stream.close()))
      await ending
    },
  }
}
