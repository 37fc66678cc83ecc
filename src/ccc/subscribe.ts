/**
 * Status changes as a stream. The server has no heartbeat, no replay and a session set that is frozen when the stream opens; so silence is
 * probed on a second connection, a lost link is an explicit gap, and a changed set is followed by subscribing anew before the old one goes.
 */
import { createBackoff, type BackoffOptions } from '../core/backoff.js'
import type { CallOptions, Caller } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import { encodeNdjson, MAX_LINE_BYTES, ndjsonDecoder } from '../core/codec/ndjson.js'
import { watchIdle } from '../core/idle.js'
import { batches } from '../core/messages.js'
import { createQueue } from '../core/queue.js'
import { reconnecting } from '../core/reconnect.js'
import { createScope, whileOpening, type Scope } from '../core/scope.js'
import { createStream, type Gap, type SignalStream } from '../core/stream.js'
import { SignalboxError } from '../errors.js'
import type { Link, StreamTransport } from '../transport.js'
import { asObject, unanswered } from './exchange.js'
import { failureOf } from './failures.js'
import { COMMANDS } from './commands.js'

export type StatusEvent =
  /** The stream stands, with these sessions; undefined is all of them. Comes again when the set was followed. */
  | { readonly type: 'subscribed'; readonly sessions: readonly string[] | undefined }
  | { readonly type: 'status'; readonly session: string; readonly status: string }
  /** Statuses may have changed unseen; those of all sessions follow within about five seconds. */
  | Gap
  | { readonly type: 'unknown'; readonly raw: unknown }

export interface SubscribeOptions extends CallOptions {
  /** Exact names; none means all, and then sessions that come and go are followed. */
  readonly sessions?: readonly string[]
  /** How long silence is trusted before the server is probed. Default 30 s. */
  readonly probeAfterMs?: number
  /** How often the set of sessions is compared, when all are followed. Default 60 s. */
  readonly followEveryMs?: number
  readonly backoff?: BackoffOptions
  /** Events that may wait for a slow reader before the oldest are dropped, with a gap. Default 1024. */
  readonly maxItems?: number
}

export interface SubscribeHost {
  readonly transport: StreamTransport<void>
  readonly caller: Caller
  readonly clock: Clock
  /** Asks for the list of sessions, on a connection of its own. */
  readonly probe: (options: CallOptions) => Promise<Readonly<Record<string, unknown>>>
  readonly maxLineBytes: number | undefined
}

const FACTS = { system: 'ccc', op: 'subscribe' } as const

export function subscribe(host: SubscribeHost, options: SubscribeOptions): Promise<SignalStream<StatusEvent>> {
  const { caller, clock } = host
  const timeoutMs = options.timeoutMs ?? COMMANDS.subscribe.timeoutMs
  const spec = { op: 'subscribe', kind: 'stream', args: { sessions: options.sessions }, idempotent: true } as const
  return caller.run(spec, { ...(options.signal ? { signal: options.signal } : {}), timeoutMs }, async (call) => {
    // Lives as long as the stream and follows the caller's signal; the call's own deadline only covers the opening.
    const life = createScope({ signal: options.signal, clock })
    try {
      const first = await whileOpening(life, call.signal, (signal) => connect(host, options, signal, call.trace))
      return openStream(host, options, life, first)
    } catch (error) {
      life[Symbol.dispose]()
      throw error
    }
  })
}

function openStream(host: SubscribeHost, options: SubscribeOptions, life: Scope, first: Subscription): SignalStream<StatusEvent> {
  const { clock } = host
  const { maxItems = 1024 } = options
  let dropped = 0
  const queue = createQueue<StatusEvent>({
    overflow: 'drop-oldest',
    maxItems,
    name: 'subscribe',
    onDrop: (items) => {
      dropped += items.length
    },
  })
  const follower = createFollower(host, options, life)
  let next: Subscription | undefined = first
  const source = reconnecting<StatusEvent>({
    async open() {
      const subscription = next ?? (await connect(host, options, life.signal, {}))
      next = undefined
      return follower.events(subscription)
    },
    backoff: createBackoff({ clock, ...options.backoff }),
    clock,
    signal: life.signal,
    onDown: () => [{ type: 'gap', from: undefined, reason: 'reconnect' }],
  })
  const pump = (async () => {
    try {
      for await (const batch of source) queue.push(batch)
      queue.end()
    } catch (error) {
      if (life.signal.aborted && !options.signal?.aborted) queue.end()
      else queue.fail(error)
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
      life.abort(new SignalboxError({ ...FACTS, code: 'aborted', message: 'The stream was closed.', sent: 'yes' }))
      queue.discard()
      await pump
      life[Symbol.dispose]()
    },
  })
}

interface Subscription {
  readonly link: Link
  readonly frames: AsyncIterator<readonly unknown[], void, void>
  /** What came along with the first frame. */
  readonly early: readonly unknown[]
  /** The names the server knew when the set was frozen; undefined where the caller named them. */
  readonly known: string | undefined
}

/** Opens, asks, and waits for the frame that says the stream stands. Closing the link is how one unsubscribes. */
async function connect(
  host: SubscribeHost,
  options: SubscribeOptions,
  signal: AbortSignal,
  trace: Readonly<Record<string, string>>,
): Promise<Subscription> {
  const { transport } = host
  const facts = { ...FACTS, transport: transport.name }
  // Listed before subscribing: a session that is born between the two is found by the next comparison.
  const known = options.sessions?.length ? undefined : await names(host, signal)
  const link = await transport.open(undefined, { signal, trace })
  const leave = (): void => void link.close()
  signal.addEventListener('abort', leave, { once: true })
  try {
    if (signal.aborted) throw signal.reason
    void link.write(encodeNdjson({ cmd: 'subscribe', sessions: options.sessions })).catch(() => {})
    const decoder = ndjsonDecoder({ maxLineBytes: host.maxLineBytes ?? MAX_LINE_BYTES })
    const frames = batches(link, decoder)
    const batch = await frames.next()
    if (batch.done) throw signal.aborted ? signal.reason : unanswered(await link.close(), facts)
    const [head, ...early] = batch.value
    const frame = asObject(head, facts)
    if (frame.ok === false) throw failureOf('subscribe', String(frame.error ?? ''), facts, true)
    return { link, frames, early: frame.event === 'subscribed' ? early : [frame, ...early], known }
  } catch (error) {
    await link.close()
    throw error
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

async function names(host: SubscribeHost, signal: AbortSignal): Promise<string> {
  const { sessions = [] } = (await host.probe({ signal })) as { sessions?: readonly { readonly name?: unknown }[] }
  return JSON.stringify(sessions.map(({ name }) => String(name)).sort())
}

function createFollower(host: SubscribeHost, options: SubscribeOptions, life: Scope) {
  const { clock } = host
  const { probeAfterMs = 30_000, followEveryMs = 60_000 } = options
  // Kept over reconnects, so that only real changes are told.
  const last = new Map<string, string>()

  const toEvent = (raw: unknown): StatusEvent[] => {
    const { event, session, status } = raw as { event?: unknown; session?: unknown; status?: unknown }
    if (event !== 'status' || typeof session !== 'string' || typeof status !== 'string') return [{ type: 'unknown', raw }]
    if (last.get(session) === status) return []
    last.set(session, status)
    return [{ type: 'status', session, status }]
  }

  return {
    async *events(start: Subscription): AsyncGenerator<readonly StatusEvent[], void, void> {
      let current = start
      let successor: Subscription | undefined
      let dead: unknown
      const leave = (): void => void current.link.close()
      life.signal.addEventListener('abort', leave, { once: true })
      if (life.signal.aborted) leave()
      // No answer on a second connection: the daemon is gone, whatever this one seems to say.
      const probe = async (): Promise<void> => {
        try {
          await names(host, life.signal)
        } catch (error) {
          dead = error
          await current.link.close()
        }
      }
      let silence = watchIdle(probeAfterMs, probed, clock)
      function probed(): void {
        void probe()
        silence = watchIdle(probeAfterMs, probed, clock)
      }
      const follow = async (): Promise<void> => {
        try {
          if (current.known !== undefined && (await names(host, life.signal)) !== current.known && !life.signal.aborted) {
            successor = await connect(host, options, life.signal, {})
            await current.link.close()
          }
        } catch {
          // The probe above decides whether the server is gone; a failed comparison is tried again.
        }
      }
      let comparing = clock.after(followEveryMs, compared)
      function compared(): void {
        void follow()
        comparing = clock.after(followEveryMs, compared)
      }
      try {
        yield [{ type: 'subscribed', sessions: options.sessions }, ...current.early.flatMap(toEvent)]
        for (;;) {
          const batch = await current.frames.next()
          silence.touch()
          if (!batch.done) {
            const events = batch.value.flatMap(toEvent)
            if (events.length > 0) yield events
            continue
          }
          if (successor === undefined || life.signal.aborted) break
          current = successor
          successor = undefined
          yield [{ type: 'subscribed', sessions: options.sessions }, ...current.early.flatMap(toEvent)]
        }
        if (dead !== undefined) throw dead
      } finally {
        silence.stop()
        comparing.cancel()
        life.signal.removeEventListener('abort', leave)
        await Promise.all([current.link.close(), successor?.link.close()])
      }
    },
  }
}
