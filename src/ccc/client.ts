/** The client of a CCC server: every command typed, every ask with an honest outcome. */
import { createCaller, type CallOptions, type ClientOptions } from '../core/call.js'
import { sleep, systemClock } from '../core/clock.js'
import { createScope } from '../core/scope.js'
import type { SignalStream } from '../core/stream.js'
import { validated, type InvalidMessage } from '../core/validate.js'
import { SignalboxError } from '../errors.js'
import type { StreamTransport } from '../transport.js'
import { COMMANDS, type CommandName } from './commands.js'
import { exchangeLine } from './exchange.js'
import { failureOf } from './failures.js'
import { answerText, findMessage, type Receipt } from './history.js'
import { createLanes } from './lanes.js'
import {
  CccSendError,
  type AskResult,
  type AskOptions,
  type Resolution,
  type SendAndWaitOptions,
  type SendOptions,
  type SendResult,
} from './outcomes.js'
import { RESULTS, type CccActivity, type CccMessage, type CccSession, type Results } from './schema.js'
import { subscribe, type StatusEvent, type SubscribeOptions } from './subscribe.js'
import { checkedText, type TextPolicy } from './text.js'

export interface CccOptions extends ClientOptions {
  readonly transport: StreamTransport<void>
  /** What to do with a leading `-` or a trailing `;`, which the server would mangle. Default `guard`: one space. */
  readonly textPolicy?: TextPolicy
  readonly maxLineBytes?: number
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

export interface Ccc extends AsyncDisposable {
  ping(options?: CallOptions): Promise<Results['ping']>
  /** Sorted by name; the server's order is random. */
  sessions(options?: CallOptions): Promise<readonly CccSession[]>
  ask(options: AskOptions): Promise<AskResult>
  send(options: SendOptions): Promise<SendResult>
  /** Sends, then polls the history until Claude's answer stands behind the message. */
  sendAndWait(options: SendAndWaitOptions): Promise<AskResult>
  history(options: HistoryOptions): Promise<readonly CccMessage[]>
  subscribe(options?: SubscribeOptions): Promise<SignalStream<StatusEvent>>
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
  /** Any command of any server, with wire names; the answer as it came. Assumed to change something unless `idempotent` says otherwise. */
  call(
    cmd: string,
    fields?: Readonly<Record<string, unknown>>,
    options?: CallOptions & { readonly idempotent?: boolean },
  ): Promise<Readonly<Record<string, unknown>>>
}

const POLL_MS = 1_500
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)

export function createCcc(options: CccOptions): Ccc {
  const { transport, textPolicy = 'guard', maxLineBytes, onEvent, validate = 'warn', clock = systemClock } = options
  const caller = createCaller({ ...options, system: 'ccc', transport: transport.name })
  // Two asks of one session would be typed into one prompt line; so would two sends.
  const lanes = createLanes()

  const raw: Ccc['call'] = (cmd, fields = {}, { idempotent, ...given } = {}) => {
    const known = COMMANDS[cmd as CommandName] as (typeof COMMANDS)[CommandName] | undefined
    const repeatable = idempotent ?? known?.idempotent ?? false
    const timeoutMs = given.timeoutMs ?? options.timeoutMs ?? known?.timeoutMs ?? COMMANDS.send.timeoutMs
    return caller.run({ op: cmd, args: fields, idempotent: repeatable }, { ...given, timeoutMs }, async (call) => {
      const answer = await exchangeLine(transport, { ...fields, cmd }, call, { maxLineBytes })
      if (answer.ok === true) return answer
      const facts = { system: 'ccc', transport: transport.name, op: cmd }
      if (answer.ok === false) throw failureOf(cmd, typeof answer.error === 'string' ? answer.error : '', facts, repeatable)
      throw new SignalboxError({ ...facts, code: 'protocol', message: `${cmd} was answered without "ok".`, sent: 'maybe' })
    })
  }

  async function command<Name extends keyof Results>(
    cmd: Name,
    fields: Readonly<Record<string, unknown>>,
    given: CallOptions,
  ): Promise<Results[Name]> {
    const { signal, timeoutMs } = given
    const answer = await raw(cmd, fields, { ...(signal ? { signal } : {}), ...(timeoutMs !== undefined ? { timeoutMs } : {}) })
    return validated(RESULTS[cmd], answer, { validate, op: cmd, facts: { system: 'ccc' }, onInvalid: onEvent }) as Results[Name]
  }

  /** Runs an ask or a send in its lane; a failure leaves with the receipt by which resolve() can find it. */
  async function deliver<Result>(
    lane: 'ask' | 'send',
    given: SendOptions,
    run: (receipt: Receipt, left: CallOptions) => Promise<Result>,
  ): Promise<Result> {
    const { session, text, from, marker, signal } = given
    const safe = checkedText(session, text, textPolicy)
    const name = marker === undefined ? (from ?? 'api') : `${from ?? 'api'}#${marker}`
    using scope = createScope({ signal, timeoutMs: given.timeoutMs ?? options.timeoutMs ?? COMMANDS[lane].timeoutMs, clock })
    const leave = await lanes.enter(`${lane} ${session}`, scope.signal, { system: 'ccc', transport: transport.name, op: lane })
    const receipt: Receipt = { session, text: safe, from: name, sentAtMs: clock.now() }
    try {
      const left = scope.remainingMs()
      return await run(receipt, { signal: scope.signal, ...(Number.isFinite(left) ? { timeoutMs: Math.max(1, left) } : {}) })
    } catch (error) {
      throw SignalboxError.is(error) ? CccSendError.from(error, receipt) : error
    } finally {
      leave()
    }
  }

  const wire = ({ session, text, from }: Receipt) => ({ session, text, ...(from === 'api' ? {} : { from }) })

  const history = async (given: HistoryOptions): Promise<readonly CccMessage[]> => {
    const { session, after, limit, fromFilter } = given
    const fields = { session, after: after && Math.trunc(after), limit: limit && Math.trunc(limit), from_filter: fromFilter }
    const { messages = [] } = await command('history', fields, given)
    return fromFilter ? messages.filter(({ from }) => from === fromFilter) : messages
  }

  const look = async (receipt: Receipt, given: CallOptions) => {
    const messages = await history({ ...given, session: receipt.session, limit: 500 })
    return { messages, found: findMessage(messages, receipt) }
  }

  const resolve: Ccc['resolve'] = async (what, given = {}) => {
    const receipt = what instanceof CccSendError ? what.receipt : (what as Receipt)
    const { messages, found } = await look(receipt, given)
    if (!found) return { outcome: messages.length === 0 ? 'unknown' : 'not_stored' }
    const response = answerText(found.answers)
    if (response === undefined) return { outcome: 'stored', message: found.message }
    return {
      outcome: 'answered',
      message: found.message,
      response,
      answers: found.answers,
      attribution: found.shared ? 'shared' : 'own',
    }
  }

  /** Whose answer is it? Only the history tells, and not for every session. */
  const attribute = async (
    receipt: Receipt,
    response: string,
    given: CallOptions,
  ): Promise<'own' | 'shared' | 'foreign' | 'unverified'> => {
    try {
      const { found } = await look(receipt, { ...given, timeoutMs: COMMANDS.history.timeoutMs })
      if (!found) return 'unverified'
      const mine = found.answers.some(({ text }) => text === response)
      if (found.shared) return 'shared'
      return mine ? 'own' : 'foreign'
    } catch (error) {
      // The answer is there; that nobody could check whose it is must not take it away.
      if (SignalboxError.is(error)) return 'unverified'
      throw error
    }
  }

  return {
    call: raw,
    ping: (given = {}) => command('ping', {}, given),
    sessions: async (given = {}) => [...((await command('sessions', {}, given)).sessions ?? [])].sort(byName),
    activity: async (given = {}) => [...((await command('activity', {}, given)).activity ?? [])].sort(byName),
    history,
    screenshot: async (given) =>
      (await command('screenshot', { session: given.session, limit: given.limit }, given)).response ?? '',
    questions: async (given) => (await command('questions', { session: given.session }, given)).questions,
    async continue(given) {
      await command('continue', { session: given.session, from: given.from }, given)
    },
    async answer(given) {
      const { session, questionIndex, optionIndex } = given
      for (const index of [questionIndex, optionIndex]) {
        // The server takes a missing index for 0 and would press Enter on the first option.
        if (Number.isInteger(index) && index >= 0) continue
        throw new SignalboxError({
          code: 'invalid_argument',
          system: 'ccc',
          op: 'answer',
          message: `${index} is no index.`,
          sent: 'no',
        })
      }
      const { response } = await command('answer', { session, question_index: questionIndex, option_index: optionIndex }, given)
      return response ?? ''
    },
    ask: (given) =>
      deliver('ask', given, async (receipt, left) => {
        const { response, duration_ms = 0 } = await command('ask', wire(receipt), left)
        if (response === undefined || response === '') return { outcome: 'unanswered', durationMs: duration_ms, receipt }
        const attribution = given.verify === false ? 'unverified' : await attribute(receipt, response, left)
        return { outcome: 'answered', response, durationMs: duration_ms, attribution, receipt }
      }),
    send: (given) =>
      deliver('send', given, async (receipt, left) => {
        const { message_id } = await command('send', wire(receipt), left)
        return { messageId: message_id, receipt: message_id === undefined ? receipt : { ...receipt, messageId: message_id } }
      }),
    async sendAndWait(given) {
      const began = clock.monotonic()
      using scope = createScope({ signal: given.signal, timeoutMs: given.timeoutMs ?? COMMANDS.ask.timeoutMs, clock })
      const { signal } = scope
      const { receipt } = await this.send({ ...given, signal, timeoutMs: Math.min(scope.remainingMs(), COMMANDS.send.timeoutMs) })
      for (;;) {
        try {
          await sleep(clock, given.pollMs ?? POLL_MS, signal)
        } catch {
          // Out of time, not out of luck: the message is there, and resolve() finds the answer later.
          if (given.signal?.aborted) throw CccSendError.aborted(given.signal, receipt)
          return { outcome: 'unanswered', durationMs: clock.monotonic() - began, receipt }
        }
        const found = await resolve(receipt, { signal }).catch((error: unknown) => {
          // A poll that fails says nothing about the answer; the next one may succeed.
          if (SignalboxError.is(error) && error.retryable) return undefined
          throw error
        })
        if (found?.outcome !== 'answered') continue
        const { response, attribution } = found
        return { outcome: 'answered', response, durationMs: clock.monotonic() - began, attribution, receipt }
      }
    },
    resolve,
    subscribe: (given = {}) => subscribe({ transport, caller, clock, probe: (o) => raw('sessions', {}, o), maxLineBytes }, given),
    async [Symbol.asyncDispose]() {},
  }
}
