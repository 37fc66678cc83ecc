/** Delivers a session's queue: what to send, what the answer means, what may be repeated, and what nobody can know. */
import type { Clock } from '../core/clock.js'
import { sha256Hex } from '../core/sha256.js'
import { SignalboxError } from '../errors.js'
import type { Deliver, Delivery, Memo, OutboxItem, Verdict } from '../store/outbox-types.js'
import { commandOf, emittedIn, eventsBody, leadingEvents, metadataEvent, numbered, textOf, typeIn } from './batch.js'
import type { GenerationProbe, ServerGeneration } from './generation.js'
import type { Http } from './http.js'
import { CatsyphonError, FOREIGN_SESSION } from './errors.js'
import { createJudge } from './judge.js'
import * as schema from './schema.js'
import { sessionPath } from './session-id.js'
import { afterSuccess, leaveInTheDark, tacticsOf, type Tactics } from './tactics.js'

export interface DeliverOptions {
  readonly http: Http
  readonly probe: GenerationProbe
  readonly clock: Clock
  readonly maxRequestBytes: number
  readonly timeoutMs: number
  readonly ambiguousPauseMs: number
  /** True while the page goes away: small requests that may outlive it. */
  readonly isLeaving: () => boolean
  /** Does this session still wait to be created? Its children stand back for it. */
  readonly isUnborn: (sessionId: string) => Promise<boolean>
  readonly onFilled: (sessionId: string, from: number, to: number) => void
}

/** What a browser lets outlive a page, less a little for the headers. */
const KEEPALIVE_BYTES = 60_000
const FAR_TOO_HIGH = 2_000_000_000
const PARENT_PATIENCE = { waits: 150, ms: 200 }
/** These are taken again every time they come, and stored nowhere twice. */
const NEVER_DOUBLED = new Set(['session_start', 'session_end'])

interface Numbers {
  readonly generation: ServerGeneration
  /** Added to an ordinal, it gives the sequence on the wire. */
  readonly base: number
  /** The session is there already. */
  readonly exists: boolean
}

export function createDeliver(options: DeliverOptions): Deliver {
  const { http, probe, clock } = options
  const known = new Map<string, Tactics>()
  const judge = createJudge(options)

  const status = async (lane: string, delivery: Delivery): Promise<schema.SessionStatusResponse | null> => {
    try {
      const spec = { op: 'getSessionStatus', method: 'GET', path: sessionPath(lane), idempotent: true } as const
      return (await http.request(spec, callOptions(delivery))) as schema.SessionStatusResponse
    } catch (error) {
      // Another collector's session exists all the same, and takes our events.
      if (SignalboxError.is(error) && error.status === 404 && error.code === 'not_found') return null
      throw error
    }
  }
  const callOptions = (delivery: Delivery) => ({ signal: delivery.signal, timeoutMs: options.timeoutMs })

  /** Where the numbers start: a session whose outbox was lost goes on where an older server stands, or it would drop everything. */
  const numbersOf = async (delivery: Delivery): Promise<Numbers> => {
    const { lane, memo } = delivery
    const generation = await probe.detect(callOptions(delivery))
    const exists = memo.exists === true
    if (typeof memo.base === 'number') return { generation, base: memo.base, exists }
    if (generation === 'hash') return { generation, base: 0, exists }
    const found = await status(lane, delivery).catch((error: unknown) => {
      if (SignalboxError.is(error) && error.remoteCode === FOREIGN_SESSION) return undefined
      throw error
    })
    const base = found === undefined ? await lastOfForeign(delivery) : (found?.last_sequence ?? 0)
    await delivery.saveMemo({ ...memo, base, exists: found !== null })
    return { generation, base, exists: found !== null }
  }

  /** A session of other credentials may be written to and not looked at. A number far too high is refused with the right one. */
  const lastOfForeign = async (delivery: Delivery): Promise<number> => {
    const body = eventsBody(delivery.lane, [numbered(metadataEvent(clock.now(), 'probe'), FAR_TOO_HIGH)])
    try {
      await http.request({ op: 'probe', method: 'POST', path: '/collectors/events', body }, callOptions(delivery))
      return 0
    } catch (error) {
      if (error instanceof CatsyphonError && error.expectedSequence !== undefined) return error.expectedSequence - 1
      throw error
    }
  }

  /** Makes the server finish what it still has in hand for this session, so that it recognises what comes again. */
  const barrier = async (delivery: Delivery, numbers: Numbers): Promise<void> => {
    if (numbers.generation !== 'hash') return
    // On a session that is not there yet it would take the place of its start.
    if (!numbers.exists && (await status(delivery.lane, delivery)) === null) return
    const [first] = delivery.items
    const moment = first ? emittedIn(textOf(first)) || clock.now() : clock.now()
    const event = metadataEvent(moment, sha256Hex(`barrier ${delivery.lane} ${first?.position}`).slice(0, 32))
    await http.request(
      { op: 'barrier', method: 'POST', path: '/collectors/events', body: eventsBody(delivery.lane, [event]) },
      callOptions(delivery),
    )
  }

  const sendEvents = async (delivery: Delivery, numbers: Numbers, tactics: Tactics): Promise<Verdict> => {
    const leaving = options.isLeaving()
    const isRepeated = (delivery.items[0]?.position ?? 0) <= tactics.darkUpTo
    const items = leadingEvents(delivery.items, {
      maxEvents: tactics.limit,
      maxBytes: leaving ? KEEPALIVE_BYTES : options.maxRequestBytes,
      // What is repeated goes alone: then the answer tells what was taken twice.
      stopBefore: (item) => tactics.condemned.has(item.position) || (isRepeated && item.position > tactics.darkUpTo),
    })
    try {
      if (tactics.needsBarrier) await barrier(delivery, numbers)
    } catch (error) {
      return judge.later(error)
    }
    // Written down before it is sent: who comes after a crash must know that there may be more than one copy on its way.
    const repeats = typeof delivery.memo.repeats === 'number' ? delivery.memo.repeats : 0
    if (isRepeated) await delivery.saveMemo({ ...delivery.memo, repeats: repeats + 1 })
    const texts = items.map((item) => numbered(textOf(item), numbers.base + item.ordinal))
    const head = texts[0] ?? ''
    if (tactics.fillAt !== undefined)
      texts.unshift(numbered(metadataEvent(emittedIn(head) - 1, `fill-${tactics.fillAt}`), tactics.fillAt))
    try {
      const body = eventsBody(delivery.lane, texts)
      const spec = { op: 'sendEvents', method: 'POST', path: '/collectors/events', body, keepalive: leaving } as const
      const answer = await http.request(spec, callOptions(delivery))
      const read = schema.eventsResponse.safeParse(answer)
      if (!read.success) return judge.strangeAnswer()
      if (tactics.fillAt !== undefined) options.onFilled(delivery.lane, tactics.fillAt, numbers.base + (items[0]?.ordinal ?? 0) - 1)
      const ambiguous = isRepeated ? stillInTheDark(items, repeats > 0 ? items.length : read.data.accepted) : 0
      afterSuccess(tactics, items, numbers.generation !== 'hash')
      const memo: Memo = {
        ...delivery.memo,
        base: numbers.base,
        exists: true,
        lastEmittedAt: emittedIn(texts.at(-1) ?? ''),
        repeats: 0,
      }
      return { kind: 'delivered', count: items.length, memo, ambiguous }
    } catch (error) {
      const offset = tactics.fillAt === undefined ? 0 : 1
      return await judge.events({ error, items, tactics, offset, delivery, generation: numbers.generation, base: numbers.base })
    }
  }

  const sendCommand = async (delivery: Delivery, numbers: Numbers, item: OutboxItem): Promise<Verdict> => {
    const { outcome, summary = null } = commandOf(item)
    const body = JSON.stringify({ outcome, summary, event_count: item.ordinal, final_sequence: numbers.base + item.ordinal })
    const path = `${sessionPath(delivery.lane)}/complete`
    try {
      await http.request({ op: 'completeSession', method: 'POST', path, body, idempotent: true }, callOptions(delivery))
      return { kind: 'delivered', count: 1 }
    } catch (error) {
      return judge.command(error)
    }
  }

  /** A child waits, within bounds, until its parent is on the server. */
  const standsBack = async (delivery: Delivery, tactics: Tactics): Promise<boolean> => {
    const [first] = delivery.items
    if (!first?.numbered || first.ordinal !== 1 || tactics.waits >= PARENT_PATIENCE.waits) return false
    const text = textOf(first)
    if (typeIn(text) !== 'session_start') return false
    const { data } = JSON.parse(text) as { data: { parent_session_id?: unknown } }
    const parent = data.parent_session_id
    if (typeof parent !== 'string' || parent === delivery.lane) return false
    tactics.waits += 1
    return await options.isUnborn(parent)
  }

  return async (delivery) => {
    const { lane, items, resumed, hold } = delivery
    const tactics = tacticsOf(known, lane)
    // Of what others left, only the first request can have been on its way.
    if (hold !== tactics.hold && resumed) leaveInTheDark(tactics, items)
    tactics.hold = hold
    const [first] = items
    if (!first) return { kind: 'wait', afterMs: 0 }
    const condemned = tactics.condemned.get(first.position)
    if (condemned !== undefined) {
      tactics.condemned.delete(first.position)
      return { kind: 'dead', reason: condemned }
    }
    if (await standsBack(delivery, tactics)) return { kind: 'wait', afterMs: PARENT_PATIENCE.ms }
    let numbers: Numbers
    try {
      numbers = await numbersOf(delivery)
    } catch (error) {
      return judge.later(error)
    }
    return first.numbered ? await sendEvents(delivery, numbers, tactics) : await sendCommand(delivery, numbers, first)
  }
}

/**
 * After one repetition the answer tells: what was taken now was not there yet, and may be stored once more by a first request that is
 * still on its way. After more than one it tells nothing, because an earlier repetition may have been the second copy.
 */
function stillInTheDark(items: readonly OutboxItem[], accepted: number): number {
  const always = items.filter((item) => NEVER_DOUBLED.has(typeIn(textOf(item)) ?? '')).length
  return Math.max(0, Math.min(items.length, accepted) - always)
}
