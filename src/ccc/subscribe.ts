/**
 * Status changes as a stream. The server has no heartbeat, no replay and a session set that is frozen when the stream opens; so it is asked
 * on a second connection whether it lives, a lost link is an explicit gap, and a changed set is subscribed anew before the old link goes.
 */
import { createBackoff, type BackoffOptions } from '../core/backoff.js'
import type { CallOptions, Caller } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import { createQueue } from '../core/queue.js'
import { reconnecting } from '../core/reconnect.js'
import { createScope, whileOpening, type Scope } from '../core/scope.js'
import { createStream, type Gap, type SignalStream } from '../core/stream.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Ccc } from './client.js'
import { COMMANDS } from './commands.js'
import { converse, type Conversation, type Wire } from './exchange.js'
import { failureOf } from './failures.js'

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
  /** Events that may wait for a slow reader before the oldest are dropped, with a gap. Default 1024. */
  readonly maxItems?: number
}

export interface SubscribeHost extends Wire, Pick<Ccc, 'sessions' | 'call'> {
  readonly caller: Caller
  readonly clock: Clock
}

interface Subscription extends Conversation {
  readonly sessions: readonly string[]
}

export function subscribe(
  host: SubscribeHost,
  options: SubscribeOptions,
  onClosed: () => void,
): Promise<SignalStream<StatusEvent>> {
  const { timeoutMs = COMMANDS.subscribe.timeoutMs, sessions } = options
  const spec = { op: 'subscribe', kind: 'stream', args: { sessions }, idempotent: true } as const
  return host.caller.run(spec, { ...options, timeoutMs }, async ({ signal: opening, trace }) => {
    // Lives as long as the stream and follows the caller's signal; the call's own deadline only covers the opening.
    const life = createScope({ signal: options.signal, clock: host.clock })
    try {
      const first = await whileOpening(life, opening, (signal) => connect(host, sessions, signal, trace))
      return openStream(host, { ...options, timeoutMs }, life, first, onClosed)
    } catch (error) {
      life[Symbol.dispose]()
      throw error
    }
  })
}

/** Opens, asks, and waits for the frame that says the stream stands. Closing the link is how one unsubscribes. */
async function connect(
  host: SubscribeHost,
  named: readonly string[] | undefined,
  signal: AbortSignal,
  trace: Readonly<Record<string, string>> = {},
): Promise<Subscription> {
  // Listed before subscribing: a session that is born between the two is found by the next comparison.
  const sessions = named?.length ? named : await names(host, signal)
  const conversation = await converse(host, { cmd: 'subscribe', sessions: named }, { op: 'subscribe', signal, trace })
  if (conversation.first.ok !== false) return { ...conversation, sessions }
  await conversation.link.close()
  throw failureOf('subscribe', conversation.first, true)
}

const names = async (host: SubscribeHost, signal: AbortSignal): Promise<readonly string[]> =>
  (await host.sessions({ signal })).map(({ name }) => name)

function openStream(
  host: SubscribeHost,
  options: SubscribeOptions & { readonly timeoutMs: number },
  life: Scope,
  first: Subscription,
  onClosed: () => void,
): SignalStream<StatusEvent> {
  const { clock } = host
  const { maxItems = 1024 } = options
  let dropped = 0
  const queue = createQueue<StatusEvent>({
    overflow: 'drop-oldest',
    maxItems,
    onDrop: (items) => {
      dropped += items.length
    },
  })
  let next: Subscription | undefined = first
  const source = reconnecting<StatusEvent>({
    async open() {
      const ready = next
      next = undefined
      if (ready) return events(host, options, life.signal, ready)
      using attempt = createScope({ signal: life.signal, timeoutMs: options.timeoutMs, clock })
      return events(host, options, life.signal, await connect(host, options.sessions, attempt.signal))
    },
    backoff: createBackoff({ clock, ...options.backoff }),
    clock,
    signal: life.signal,
    onDown: () => [{ type: 'gap', from: undefined, reason: 'reconnect' }],
  })
  const pump = (async () => {
    try {
      for await (const batch of source) queue.push(batch)
    } catch (error) {
      queue.fail(SignalboxError.is(error) ? withFacts(error, { system: 'ccc' }, { op: 'subscribe' }) : error)
    }
  })()

  return createStream<StatusEvent>({
    async pull() {
      const batch = await queue.take()
      if (batch === null || dropped === 0) return batch
      const gap: StatusEvent = { type: 'gap', from: undefined, reason: 'overflow', dropped }
      dropped = 0
      return [gap, ...batch]
    },
    async close() {
      onClosed()
      queue.discard()
      life.abort()
      await pump
      life[Symbol.dispose]()
    },
  })
}

/** The events of one link and of those that follow it without a gap. */
async function* events(
  host: SubscribeHost,
  { sessions: named, checkEveryMs = 30_000 }: SubscribeOptions,
  life: AbortSignal,
  start: Subscription,
): AsyncGenerator<readonly StatusEvent[], void, void> {
  const { clock } = host
  using scope = createScope({ signal: life, clock })
  const { signal } = scope
  let current = start
  let successor: Subscription | undefined
  let dead: unknown
  let heard = 0
  // Of this link alone: behind a gap every status is told again, and only a link that follows seamlessly tells just the changes.
  const last = new Map<string, string>()

  const toEvents = (raw: unknown): StatusEvent[] => {
    const { event, session, status } = Object(raw) as { event?: unknown; session?: unknown; status?: unknown }
    if (event === 'subscribed') return []
    if (event !== 'status' || typeof session !== 'string' || typeof status !== 'string') return [{ type: 'unknown', raw }]
    if (last.get(session) === status) return []
    last.set(session, status)
    return [{ type: 'status', session, status }]
  }
  const opened = (): StatusEvent[] => {
    const { sessions, first } = current
    for (const name of last.keys()) if (!sessions.includes(name)) last.delete(name)
    return [{ type: 'subscribed', sessions }, ...toEvents(first)]
  }
  const leave = (): void => void current.link.close()

  const check = async (): Promise<void> => {
    const before = heard
    try {
      // An old server that does not know the command answers too, and that is all that is asked.
      await host.call('ping', {}, { signal, timeoutMs: COMMANDS.sessions.timeoutMs }).catch((error: unknown) => {
        if (!SignalboxError.is(error, 'unsupported')) throw error
      })
    } catch (error) {
      // Not a word on either connection: the server is gone, whatever this one seems to say.
      if (heard > before) return
      dead = error
      return leave()
    }
    if (named?.length || String(await names(host, signal)) === String(current.sessions)) return
    const found = await connect(host, named, signal)
    if (signal.aborted) await found.link.close()
    else successor = found
    leave()
  }
  let timer = clock.after(checkEveryMs, tick)
  function tick(): void {
    // A comparison that fails is tried again.
    const checked = check().catch(() => {})
    void checked.then(() => {
      if (!signal.aborted) timer = clock.after(checkEveryMs, tick)
    })
  }

  signal.addEventListener('abort', leave)
  if (signal.aborted) leave()
  try {
    yield opened()
    for (;;) {
      const batch = await current.reader.batch()
      heard += 1
      if (batch) {
        const told = batch.flatMap(toEvents)
        if (told.length > 0) yield told
      } else if (successor && !signal.aborted) {
        current = successor
        successor = undefined
        yield opened()
      } else break
    }
    if (dead !== undefined) throw dead
  } finally {
    timer.cancel()
    scope.abort()
    await Promise.all([current.link.close(), successor?.link.close()])
  }
}
