/**
 * Status changes as a stream. The server has no heartbeat and no replay, and its set of sessions is frozen when the stream opens. So a second
 * connection checks that the server answers, a lost connection is an explicit gap, and a changed set is subscribed anew before the old
 * connection is closed. Nothing is read ahead: what a slow reader has not taken waits in the connection, and then at the server.
 */
import { createBackoff, type BackoffOptions } from '../core/backoff.js'
import type { CallOptions } from '../core/call.js'
import { sleep, type Clock } from '../core/clock.js'
import { createDeadline } from '../core/deadline.js'
import { onAbort } from '../core/on-abort.js'
import { reconnecting } from '../core/reconnect.js'
import { createStream, type Gap, type SignalStream } from '../core/stream.js'
import { SignalboxError, withFacts } from '../errors.js'
import { COMMANDS } from './commands.js'
import type { Conversation } from './exchange.js'
import type { SmallClient } from './small-client.js'
import type { RunCommand } from './typed-commands.js'

/** An item of the status stream. */
export type StatusEvent =
  /** The stream is open, for these sessions. Comes again after a gap, and when the set of sessions has changed. */
  | { readonly type: 'subscribed'; readonly sessions: readonly string[] }
  /** `active`, `idle` or `stopped`. The first comes about five seconds after `subscribed`, then one for each change. */
  | { readonly type: 'status'; readonly session: string; readonly status: string }
  /** Changes may have been missed. One gap for each outage; after the reconnect the status of every session follows. */
  | Gap
  /** A frame of a later server. */
  | { readonly type: 'unknown'; readonly raw: unknown }

/** Which sessions to follow, and how. */
export interface SubscribeOptions extends CallOptions {
  /** Exact names. Default: all sessions, also those that are created later. */
  readonly sessions?: readonly string[]
  /**
   * How often the server is asked whether it lives and, without `sessions`, which sessions it has. A server that stops answering is noticed
   * within this time plus 5 s. Default 30 s.
   */
  readonly checkEveryMs?: number
  /** Waiting times between attempts to reconnect. */
  readonly backoff?: BackoffOptions
}

export interface SubscribeHost extends SmallClient {
  readonly command: RunCommand
  readonly clock: Clock
}

interface Subscription extends Conversation, AsyncDisposable {
  readonly sessions: readonly string[]
}

/** `activity` answers at once, while `sessions` asks every SSH host. */
const namesOf = async (command: RunCommand, callOptions: CallOptions): Promise<readonly string[]> =>
  (await command('activity', callOptions)).map(({ name }) => name)

/** Opens a connection, subscribes, and waits for the first frame. Closing the connection unsubscribes. */
function openSubscription(
  { run, converse, command }: SubscribeHost,
  { sessions: named, signal, timeoutMs }: { sessions: readonly string[]; signal: AbortSignal; timeoutMs: number },
): Promise<Subscription> {
  const spec = { op: 'subscribe', kind: 'stream', args: { sessions: named }, idempotent: true } as const
  return run(spec, { signal, timeoutMs }, async (at) => {
    const limits = { signal: at.signal, timeoutMs }
    const listed = async (): Promise<readonly string[]> => {
      try {
        return await namesOf(command, limits)
      } catch (error) {
        if (!SignalboxError.is(error, 'unsupported')) throw error
        return (await command('sessions', limits)).map(({ name }) => name)
      }
    }
    // Listed before subscribing: the next check finds a session that is created between the two.
    const sessions = named.length > 0 ? named : await listed()
    const conversation = await converse({ cmd: 'subscribe', sessions: named }, at)
    const { link } = conversation
    void link.closed.then(onAbort(signal, () => void link.close()))
    return { ...conversation, sessions, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
  })
}

export async function subscribe(host: SubscribeHost, options: SubscribeOptions): Promise<SignalStream<StatusEvent>> {
  const { clock, owned, command } = host
  const { sessions: named = [], checkEveryMs = 30_000, timeoutMs = COMMANDS.subscribe.timeoutMs } = options
  // Ends with the stream or with the caller's signal. The time limit only covers each opening.
  const lifetime = createDeadline({ signal: options.signal, clock })
  const { signal } = lifetime
  const changes = createChangeFilter()
  let current: Subscription | undefined
  let next: Subscription | undefined
  /** Grows with every frame. */
  let heard = 0
  /** The reader waits for a frame. */
  let waiting = false
  /** The gap of this outage was handed out. */
  let gapTold = false

  const connect = (): Promise<Subscription> => openSubscription(host, { sessions: named, signal, timeoutMs })

  /** The events of one connection, and of those that follow it without a gap. */
  async function* events(): AsyncGenerator<readonly StatusEvent[], void, void> {
    changes.forget()
    while (next && !signal.aborted) {
      current = next
      next = undefined
      heard += 1
      const { link, reader, first, rest, sessions } = current
      changes.keepOnly(sessions)
      gapTold = false
      try {
        yield [{ type: 'subscribed', sessions }, ...[first, ...rest].flatMap(changes.toEvents)]
        for (;;) {
          waiting = true
          const batch = await reader.batch()
          waiting = false
          heard += 1
          if (!batch) break
          yield batch.flatMap(changes.toEvents)
        }
      } finally {
        waiting = false
        await link.close()
      }
    }
  }

  /** Checks that the server answers and has the same sessions. Not done while the reader is busy: closing a link loses what was not read. */
  const check = async (): Promise<void> => {
    const before = heard
    let sessions: readonly string[]
    try {
      sessions = await namesOf(command, { signal, timeoutMs: COMMANDS.activity.timeoutMs })
    } catch (error) {
      // A server that answers lives, even with an error; one that does not know the command has a set that never changes. A server that says
      // nothing on either connection is gone, although the connection of the stream is still open.
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
      // A check that fails is repeated.
      if (waiting) await check().catch(() => {})
    }
  }

  try {
    next = await connect()
  } catch (error) {
    lifetime.abort()
    lifetime[Symbol.dispose]()
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
    onDown() {
      if (gapTold) return []
      gapTold = true
      return [{ type: 'gap', from: undefined, reason: 'reconnect' }]
    },
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
      lifetime.abort()
      lifetime[Symbol.dispose]()
      await source.return()
    },
  })
  owned.add(stream)
  return stream
}

/** Turns frames into events, and drops a status that was already told. */
function createChangeFilter() {
  const last = new Map<string, string>()
  return {
    /** After a gap the stream yields every status again. */
    forget: () => last.clear(),
    /** A session that was removed and created again has a new first status. */
    keepOnly(sessions: readonly string[]) {
      for (const name of last.keys()) if (!sessions.includes(name)) last.delete(name)
    },
    toEvents(this: void, raw: unknown): StatusEvent[] {
      const { event, session, status } = Object(raw) as { event?: unknown; session?: unknown; status?: unknown }
      if (event === 'subscribed') return []
      if (event !== 'status' || typeof session !== 'string' || typeof status !== 'string') return [{ type: 'unknown', raw }]
      if (last.get(session) === status) return []
      last.set(session, status)
      return [{ type: 'status', session, status }]
    },
  }
}
