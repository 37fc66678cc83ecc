/** A hub at one end of a link: answers calls, and feeds watches as fast as their client reads them. */
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import type { Clock } from '../../core/clock.js'
import { deferred, type Deferred } from '../../core/deferred.js'
import { inTurn } from '../../core/in-turn.js'
import { messages } from '../../core/messages.js'
import { isRecord } from '../../core/is-record.js'
import { createTurnBudget, type TurnBudget } from '../../core/turn-budget.js'
import type { Link } from '../../transport.js'
import { hubError } from '../context.js'
import type { Hub, HubWatch } from '../hub.js'
import type { HubEvent } from '../model/event.js'
import { callMethod } from './methods.js'
import { toWireError } from './errors.js'
import { createEventLines, type EventLines } from './event-text.js'
import { HUB_SCOPES, MAX_EVENTS_A_LINE, WATCH_WINDOW, type HubMethod, type HubScope, type HubReply } from './protocol.js'
import { watchOptions } from './params.js'
import { createReplies } from './replies.js'

/** What a client at the other end of a link may do. */
export interface ServeHubOptions {
  /** The permissions of the client. Default all: the gateway or the mode of the socket already limits who can open the link. */
  readonly scopes?: readonly HubScope[]
  /** The `by` of every prompt and answer of this link; it replaces the client's. Default the client's. */
  readonly by?: string
  /** False refuses answers that are secrets, on a link that others could read. Default true. */
  readonly secrets?: boolean
  /** Calls and watches of one link. Default 1,000. */
  readonly maxOpen?: number
  /** Measures how long the links work in one turn of the event loop. Default the system's clock. */
  readonly clock?: Clock
  /** Watches of one link. Each reads the journal and keeps a page of it. Default 32. */
  readonly maxWatches?: number
}

/**
 * Serves a hub over one link until the link ends.
 *
 * @example
 * ```ts
 * import { serveHub, type Hub } from 'signalbox/hub'
 * import { listenUnix } from 'signalbox/node'
 *
 * declare const hub: Hub
 * await using listener = await listenUnix({ path: '/run/user/1000/hub.sock' })
 * for await (const link of listener.accept()) void serveHub(hub, link)
 * ```
 */
export const serveHub = (hub: Hub, link: Link, options: ServeHubOptions = {}): Promise<void> => hubServer(hub, options)(link)

/**
 * Serves a hub over many links. They share the turns of the event loop, so that the calls and watches of some do not make the others wait,
 * and the JSON text of each event.
 */
export function hubServer(hub: Hub, options: ServeHubOptions = {}): (link: Link) => Promise<void> {
  const shared = { turns: createTurnBudget(options.clock), lines: createEventLines() }
  return (link) => serveLink(hub, link, options, shared)
}

/** What all links of one server have together. */
interface SharedParts {
  readonly turns: TurnBudget
  readonly lines: EventLines
}

async function serveLink(hub: Hub, link: Link, options: ServeHubOptions, { turns, lines }: SharedParts): Promise<void> {
  const { maxOpen = 1000, maxWatches = 32 } = options
  const watches = new Map<number, Feed>()
  const inOrder = inTurn()
  let isClosed = false
  void link.closed.then(() => {
    isClosed = true
  })
  let open = 0
  const replies = createReplies(link)
  const { send } = replies
  /** A line of events is encoded when the client has taken the line before. So a client that does not read costs one line, also with many watches. */
  const sendLine = (encode: () => Uint8Array<ArrayBuffer>): Promise<void> =>
    inOrder(async () => {
      await turns.next()
      await link.write(encode())
    })

  const start = async (id: number, method: HubMethod, params: Readonly<Record<string, unknown>>): Promise<void> => {
    open += 1
    try {
      if (method === 'watch') await feed(hub.watch(watchOptions(params)), id)
      else send({ id, result: (await callMethod(hub, method, params, options)) ?? null })
    } catch (error) {
      send({ id, error: toWireError(error, method) })
    } finally {
      open -= 1
    }
  }
  const feed = async (watch: HubWatch, id: number): Promise<void> => {
    const own = createFeed(watch)
    watches.set(id, own)
    try {
      const batches = watch.batches()[Symbol.asyncIterator]()
      for (;;) {
        // A page of the journal is read when the client has taken the lines before.
        await inOrder(async () => turns.next())
        const next = isClosed ? undefined : await batches.next()
        if (!next || next.done) break
        const batch = next.value
        for (const line of linesOf(batch)) {
          await own.waitForSpace()
          const last = line.at(-1) as HubEvent
          const cursor = watch.cursor && (line.at(-1) === batch.at(-1) ? watch.cursor : { ...watch.cursor, seq: last.seq })
          const settled = line.at(-1) === batch.at(-1) || (batch[batch.indexOf(last) + 1] as HubEvent).seq > last.seq
          await sendLine(() => lines.encode(id, line, settled ? cursor : undefined))
        }
      }
      await sendLine(() => encodeNdjson({ id, end: true } satisfies HubReply))
    } finally {
      watches.delete(id)
      await watch.close()
    }
  }
  const take = (line: unknown): void => {
    const { id, method, params = {} } = isRecord(line) ? line : {}
    if (typeof id !== 'number' || typeof method !== 'string' || !isRecord(params)) {
      throw hubError({ code: 'protocol', message: 'A line of a hub client has an id, a method and params.' })
    }
    if (method === 'watch' && watches.has(id)) throw hubError({ code: 'protocol', message: 'Another watch has this id.' })
    const isFull = open >= maxOpen || (method === 'watch' && watches.size >= maxWatches)
    const problem = refusal(method, options, isFull)
    if (problem) return send({ id, error: toWireError(problem, method) })
    if (method === 'stop') void watches.get(id)?.stop()
    else if (method === 'more') watches.get(id)?.more()
    else void start(id, method as HubMethod, params)
  }

  try {
    for await (const line of messages(link, ndjsonDecoder())) {
      await turns.next()
      // The link is closed, so no reply to the remaining lines can arrive.
      if (isClosed) break
      take(line)
      await replies.waitForSpace()
    }
  } catch {
    // After a broken line or a broken link no further line can be read.
  } finally {
    await Promise.all([...watches.values()].map((own) => own.stop()))
    await link.close()
  }
}

interface Feed {
  waitForSpace(): Promise<void>
  more(): void
  stop(): Promise<void>
}

/** The window of one watch. A client that reads nothing gets no more than the window; the journal keeps the rest. */
function createFeed(watch: HubWatch): Feed {
  let credit = WATCH_WINDOW
  let waiting: Deferred<void> | undefined
  const wake = (): void => {
    waiting?.resolve()
    waiting = undefined
  }
  return {
    async waitForSpace() {
      while (credit === 0) {
        waiting = deferred()
        await waiting.promise
      }
      credit -= 1
    },
    more() {
      credit += 1
      wake()
    },
    async stop() {
      credit = Number.POSITIVE_INFINITY
      wake()
      await watch.close()
    },
  }
}

function* linesOf(batch: readonly HubEvent[]): Generator<readonly HubEvent[], void, void> {
  for (let at = 0; at < batch.length; at += MAX_EVENTS_A_LINE) yield batch.slice(at, at + MAX_EVENTS_A_LINE)
}

function refusal(method: string, { scopes }: ServeHubOptions, full: boolean) {
  const needs: HubScope | undefined = Object.hasOwn(HUB_SCOPES, method) ? HUB_SCOPES[method as HubMethod] : undefined
  if (!needs) return hubError({ code: 'unsupported', message: 'This hub does not know the method.' })
  if (scopes && !scopes.includes(needs)) {
    return hubError({ code: 'permission_denied', message: `${method} needs the scope ${needs}.` })
  }
  if (full && method !== 'stop' && method !== 'more') {
    return hubError({ code: 'rate_limited', message: 'Too many calls and watches are open on this link.' })
  }
  return undefined
}
