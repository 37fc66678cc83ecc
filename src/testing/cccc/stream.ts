/**
 * The stream of events, as a real daemon serves it: it subscribes late, ignores an unknown cursor, and replays at most 2,000 lines.
 */
import { encodeNdjson } from '../../core/codec/ndjson.js'
import { createQueue } from '../../core/queue.js'
import type { Timer } from '../../core/clock.js'
import type { CcccEvent, Loose } from '../../cccc/shapes.js'
import type { Link } from '../../transport.js'
import { findActor } from './actors.js'
import { FACTS } from './dialect.js'
import { isFor } from './recipients.js'
import { SimRefusal, text, type SimGroup, type World } from './world.js'

const WINDOW_LINES = 2000
const HEARTBEAT_MS = 30_000

interface Subscription {
  readonly group: SimGroup
  readonly by: string
  readonly kinds: ReadonlySet<string>
}

/** The checks that come before the handshake. */
export function subscriptionOf(world: World, args: Loose): Subscription {
  const supported = FACTS[world.dialect].kinds
  const given = Array.isArray(args.kinds) ? args.kinds.map(String) : []
  if (text(args, 'group_id') === '') throw new SimRefusal('missing_group_id', 'missing group_id')
  const kinds = given.length === 0 ? supported : given.filter((kind) => supported.includes(kind))
  if (kinds.length === 0) {
    throw new SimRefusal('invalid_kinds', 'no supported kinds requested', { supported: [...supported].sort() })
  }
  const group = world.group(args)
  const by = text(args, 'by') || 'user'
  if (by !== 'user' && !findActor(group, by)) throw new SimRefusal('unknown_actor', `unknown actor: ${by}`)
  return { group, by, kinds: new Set(kinds) }
}

function sees({ group, by, kinds }: Subscription, event: CcccEvent): boolean {
  if (event.group_id !== group.id || !kinds.has(event.kind)) return false
  if (by === 'user') return true
  if (event.kind === 'chat.message') return event.by !== by && isFor(group, event.data.to as string[], by)
  const target = event.data.target_actor_id
  return event.kind === 'system.notify' && (target === null || target === by)
}

/** Replays the events after the cursor; if it is not found, those after the time; else nothing. There is never an error. */
function replay(subscription: Subscription, args: Loose): CcccEvent[] {
  const window = subscription.group.ledger.slice(-WINDOW_LINES).filter((event) => sees(subscription, event))
  const index = window.findIndex(({ id }) => id === text(args, 'since_event_id'))
  if (text(args, 'since_event_id') !== '' && index >= 0) return window.slice(index + 1)
  const ts = text(args, 'since_ts')
  return Number.isNaN(Date.parse(ts)) ? [] : window.filter((event) => event.ts > ts)
}

export interface StreamFaults {
  /** Milliseconds between the handshake and the subscription. A subscriber without `since_ts` loses the events in between. */
  readonly subscribeAfterMs: number
  /** Sends nothing more and does not end, like a dead link. */
  readonly silent: boolean
}

export interface OpenStream {
  stop(): void
  /** Writes this text between two events. */
  raw(text: string): void
}

export async function serveStream(
  world: World,
  link: Link,
  args: Loose,
  subscription: Subscription,
  faults: () => StreamFaults,
  onOpen: (stream: OpenStream) => void,
): Promise<void> {
  const queue = createQueue<CcccEvent | string>({ overflow: 'drop-oldest', maxItems: 2048, name: 'subscriber' })
  const answer = { v: 1, ok: true, result: { group_id: subscription.group.id }, error: null }
  let timer: Timer | undefined
  const beat = (): void => {
    timer?.cancel()
    timer = world.clock.after(HEARTBEAT_MS, () => {
      if (!faults().silent) void write({ t: 'heartbeat', ts: world.now() })
      beat()
    })
  }
  const write = (item: unknown): Promise<void> => link.write(encodeNdjson(item)).catch(() => queue.end())
  await write(answer)
  const pause = faults().subscribeAfterMs
  if (pause > 0) await new Promise<void>((resolve) => void world.clock.after(pause, resolve))
  const forget = world.listen((event) => {
    if (sees(subscription, event)) queue.push([event])
  })
  onOpen({ stop: () => queue.end(), raw: (text) => void queue.push([text]) })
  void link.closed.then(() => queue.end())
  const sent = new Set<string>()
  beat()
  try {
    queue.push(replay(subscription, args))
    for (let events = await queue.take(); events !== null; events = await queue.take()) {
      for (const event of events) {
        if (typeof event === 'string') {
          await link.write(new TextEncoder().encode(event)).catch(() => queue.end())
          continue
        }
        if (sent.has(event.id)) continue
        sent.add(event.id)
        if (!faults().silent) await write({ t: 'event', event })
      }
      beat()
    }
  } finally {
    forget()
    timer?.cancel()
    await link.close()
  }
}
