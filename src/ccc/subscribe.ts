/**
 * Status changes as a stream. The server has no heartbeat, no replay and a session set that is frozen when the stream opens; so it is asked
 * on a second connection whether it lives, a lost link is an explicit gap, and a changed set is subscribed anew before the old link goes.
 * Nothing is read ahead: what a slow reader has not taken waits in the link, and then at the server.
 */
import { createBackoff, type BackoffOptions } from '../core/backoff.js'
import type { CallOptions } from '../core/call.js'
import { sleep, type Clock } from '../core/clock.js'
import { onAbort } from '../core/on-abort.js'
import { reconnecting } from '../core/reconnect.js'
import { createDeadline } from '../core/deadline.js'
import { createStream, type Gap, type SignalStream } from '../core/stream.js'
import { withFacts, type SignalboxError } from '../errors.js'
import type { Ccc } from './client.js'
import { COMMANDS } from './commands.js'
import type { Core } from './core.js'
import type { Conversation } from './exchange.js'

export type StatusEvent =
  /** The stream stands, with these sessions. Comes again after a gap, and when the set was followed. */
  | { readonly type: 'subscribed'; readonly sessions: readonly string[] }
  /** The first comes about five seconds after `subscribed`, then one for each change. */
  | { readonly type: 'status'; readonly session: string; readonly status: string }
  /** Statuses may have changed unseen. After a reconnect those of all sessions follow. */
  | Gap
  | { readonly type: 'unknown'; readonly raw: unknown }

export interface SubscribeOptions extends CallOptions {
  /** Exact names; none means all, and then sessions that come and go are followed. */
  readonly sessions?: readonly string[]
  /** How often the server is asked whether it lives and, when all are followed, which sessions it has. Default 30 s. */
  readonly checkEveryMs?: number
  readonly backoff?: BackoffOptions
}

export interface SubscribeHost extends Core, Pick<Ccc, 'activity' | 'sessions'> {
  readonly clock: Clock
}

interface Subscription extends Conversation, AsyncDisposable {
  readonly sessions: readonly string[]
}

export async function subscribe(host: SubscribeHost, options: SubscribeOptions): Promise<SignalStream<StatusEvent>> {
  const { clock, run, converse, owned } = host
  const { sessions: named = [], checkEveryMs = 30_000, timeoutMs = COMMANDS.subscribe[0] } = options
  // Lives as long as the stream and follows the caller's signal; the deadline only covers each opening.
  const life = createDeadline({ signal: options.signal, clock })
  const { signal } = life
  // Of this link alone: behind a gap every status is told again, and only a link that follows seamlessly tells just the changes.
  const last = new Map<string, string>()
  let current: Subscription | undefined
  let next: Subscription | undefined
  let heard = 0
  let waiting = false

  /** At once, while `sessions` asks every SSH host; so only servers that are too old for it are asked for those. */
  const names = async (given: CallOptions): Promise<readonly string[]> => (await host.activity(given)).map(({ name }) => name)

  /** Opens, asks, and waits for the frame that says the stream stands. Closing the link is how one unsubscribes. */
  const connect = (): Promise<Subscription> =>
    run({ op: 'subscribe', kind: 'stream', args: { sessions: named }, idempotent: true }, { signal, timeoutMs }, async (at) => {
      const limits = { signal: at.signal, timeoutMs }
      // Listed before subscribing: a session that is born between the two is found by the next comparison.
      const sessions = named.length
        ? named
        : await names(limits).catch(async (error: SignalboxError) => {
            if (error.code !== 'unsupported') throw error
            return (await host.sessions(limits)).map(({ name }) => name)
          })
      const conversation = await converse({ cmd: 'subscribe', sessions: named }, at)
      const { link } = conversation
      void link.closed.then(onAbort(signal, () => void link.close()))
      return { ...conversation, sessions, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
    })

  const toEvents = (raw: unknown): StatusEvent[] => {
    const { event, session, status } = Object(raw) as { event?: unknown; session?: unknown; status?: unknown }
    if (event === 'subscribed') return []
    if (event !== 'status' || typeof session !== 'string' || typeof status !== 'string') return [{ type: 'unknown', raw }]
    if (last.get(session) === status) return []
    last.set(session, status)
    return [{ type: 'status', session, status }]
  }

  /** The events of one link and of those that follow it without a gap. */
  async function* events(): AsyncGenerator<readonly StatusEvent[], void, void> {
    last.clear()
    while (next && !signal.aborted) {
      current = next
      next = undefined
      heard += 1
      const { link, reader, first, sessions } = current
      for (const name of last.keys()) if (!sessions.includes(name)) last.delete(name)
      try {
        yield [{ type: 'subscribed', sessions }, ...toEvents(first)]
        for (;;) {
          waiting = true
          const batch = await reader.batch()
          waiting = false
          heard += 1
          if (!batch) break
          yield batch.flatMap(toEvents)
        }
      } finally {
        waiting = false
        await link.close()
      }
    }
  }

  /** Is it there, and has it still the same sessions? Not while the reader is busy: to close a link is to lose what nobody has read. */
  const check = async (): Promise<void> => {
    const before = heard
    let sessions: readonly string[]
    try {
      sessions = await names({ signal, timeoutMs: COMMANDS.sessions[0] })
    } catch (error) {
      // Whatever a server answers, it lives; one that does not know the command has a set that never changes. But if there was not a word on
      // either connection it is gone, whatever this one seems to say.
      if (waiting && heard === before && !(error as SignalboxError).remoteCode) await current?.link.close()
      return
    }
    if (named.length > 0 || JSON.stringify(sessions) === JSON.stringify(current?.sessions)) return
    const found = await connect()
    if (waiting) next = found
    await (waiting ? current : found)?.link.close()
  }
  const watch = async (): Promise<void> => {
    for (;;) {
      await sleep(clock, checkEveryMs, signal)
      // A comparison that fails is tried again.
      if (waiting) await check().catch(() => {})
    }
  }

  try {
    next = await connect()
  } catch (error) {
    life.abort()
    life[Symbol.dispose]()
    throw error
  }
  watch().catch(() => {})
  const source = reconnecting<StatusEvent>({
    async open() {
      next ??= await connect()
      return events()
    },
    backoff: createBackoff({ clock, ...options.backoff }),
    clock,
    signal,
    onDown: () => [{ type: 'gap', from: undefined, reason: 'reconnect' }],
  })
  const stream = createStream<StatusEvent>({
    async pull() {
      try {
        return (await source.next()).value ?? null
      } catch (error) {
        throw withFacts(error as SignalboxError, { system: 'ccc' }, { op: 'subscribe' })
      }
    },
    async close() {
      owned.delete(stream)
      life.abort()
      life[Symbol.dispose]()
      await source.return()
    },
  })
  owned.add(stream)
  return stream
}
