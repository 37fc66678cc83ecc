/** Delivers a session's queue: what to send, what the answer means, what may be repeated, and what nobody can know. */
import type { Clock } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import type { Deliver, Delivery, Memo, OutboxItem, Verdict } from '../../store/outbox-types.js'
import { completionBody } from '../direct.js'
import { CatsyphonError, FOREIGN_SESSION, wrongAddress } from '../errors.js'
import type { Http } from '../http.js'
import { eventsBody, numbered } from './prepare.js'
import type { ServerGeneration } from '../queue.js'
import { isReceipt, type SessionStatusResponse } from '../schema.js'
import { sessionPath } from '../session-id.js'
import { commandOf, emittedIn, leadingEvents, metadataEvent, textOf, typeIn } from './batch.js'
import type { GenerationProbe } from './generation.js'
import { createJudge } from './judge.js'
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
  /** The lane's memo with everything that was saved since the delivery began: a later save starts from this one. */
  readonly memo: Memo
}

export function createDeliver(options: DeliverOptions): Deliver {
  const { http, probe, clock } = options
  const known = new Map<string, Tactics>()
  const judge = createJudge(options)

  /** Null: the server has nothing of it. Undefined: it began under other credentials; it takes our events, and may not be looked at. */
  const status = async (delivery: Delivery): Promise<SessionStatusResponse | null | undefined> => {
    try {
      const spec = { op: 'getSessionStatus', path: sessionPath(delivery.lane) }
      return (await http(spec, callOptions(delivery))) as SessionStatusResponse
    } catch (error) {
      if (SignalboxError.is(error, 'not_found')) return null
      if (SignalboxError.is(error) && error.remoteCode === FOREIGN_SESSION) return undefined
      throw error
    }
  }
  const callOptions = (delivery: Delivery) => ({ signal: delivery.signal, timeoutMs: options.timeoutMs })
  const post = (op: string, delivery: Delivery, events: readonly string[], keepalive = false): Promise<unknown> =>
    http({ op, path: '/collectors/events', body: eventsBody(delivery.lane, events), keepalive }, callOptions(delivery))

  let outliving = 0
  /** A browser refuses to let more than its quota outlive a page, all requests together; the page may only be hidden, so the rest is sent too. */
  const postLeaving = async (
    leaving: boolean,
    items: readonly OutboxItem[],
    send: (keepalive: boolean) => Promise<unknown>,
  ): Promise<unknown> => {
    const bytes = items.reduce((sum, { body }) => sum + body.byteLength, 0)
    const keepalive = leaving && outliving + bytes <= KEEPALIVE_BYTES
    if (keepalive) outliving += bytes
    return send(keepalive).finally(() => {
      if (keepalive) outliving -= bytes
    })
  }

  /** Where the numbers start: a session whose outbox was lost goes on where an older server stands, or it would drop everything. */
  const numbersOf = async (delivery: Delivery): Promise<Numbers> => {
    const { memo } = delivery
    const generation = await probe.detect(callOptions(delivery))
    const exists = memo.exists === true
    if (typeof memo.base === 'number') return { generation, base: memo.base, exists, memo }
    if (generation === 'hash') return { generation, base: 0, exists, memo }
    const found = await status(delivery)
    const base = found === undefined ? await lastOfForeign(delivery) : (found?.last_sequence ?? 0)
    const saved: Memo = { ...memo, base, exists: found !== null }
    await delivery.saveMemo(saved)
    return { generation, base, exists: found !== null, memo: saved }
  }

  /** A session of other credentials may be written to and not looked at. A number far too high is refused with the right one. */
  const lastOfForeign = async (delivery: Delivery): Promise<number> => {
    try {
      await post('probe', delivery, [numbered(metadataEvent(clock.now(), 'probe'), FAR_TOO_HIGH)])
      return 0
    } catch (error) {
      if (error instanceof CatsyphonError && error.expectedSequence !== undefined) return error.expectedSequence - 1
      throw error
    }
  }

  /**
   * Makes the server finish what it still has in hand for this session, so that it recognises what comes again. Resolves to false where
   * that cannot be had: on a session that is not there yet it would take the place of its start.
   */
  const barrier = async (delivery: Delivery, numbers: Numbers): Promise<boolean> => {
    if (numbers.generation !== 'hash') return false
    if (!numbers.exists && (await status(delivery)) === null) return false
    const [first] = delivery.items
    const moment = first ? emittedIn(textOf(first)) || clock.now() : clock.now()
    await post('barrier', delivery, [metadataEvent(moment, 'barrier')])
    return true
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
    const repeats = typeof numbers.memo.repeats === 'number' ? numbers.memo.repeats : 0
    if (isRepeated) await delivery.saveMemo({ ...numbers.memo, repeats: repeats + 1 })
    const texts = items.map((item) => numbered(textOf(item), numbers.base + item.ordinal))
    const head = texts[0] ?? ''
    const { fillAt } = tactics
    if (fillAt !== undefined) texts.unshift(numbered(metadataEvent(emittedIn(head) - 1, `fill-${fillAt}`), fillAt))
    try {
      const answer = await postLeaving(leaving, items, (keepalive) => post('sendEvents', delivery, texts, keepalive))
      if (!isReceipt(answer)) return { kind: 'halt', error: wrongAddress('sendEvents', 'no conversation_id', { sent: 'maybe' }) }
      if (fillAt !== undefined) options.onFilled(delivery.lane, fillAt, numbers.base + (items[0]?.ordinal ?? 0) - 1)
      const ambiguous = isRepeated ? stillInTheDark(items, repeats > 0 ? items.length : (answer.accepted ?? items.length)) : 0
      afterSuccess(tactics, items, numbers.generation !== 'hash')
      const memo: Memo = {
        ...numbers.memo,
        base: numbers.base,
        exists: true,
        lastEmittedAt: emittedIn(texts.at(-1) ?? ''),
        repeats: 0,
      }
      return { kind: 'delivered', count: items.length, memo, ambiguous }
    } catch (error) {
      const offset = fillAt === undefined ? 0 : 1
      const takesOthers = (): Promise<boolean> => barrier(delivery, numbers)
      return await judge.events({ error, items, tactics, offset, delivery, takesOthers, ...numbers })
    }
  }

  const sendCommand = async (delivery: Delivery, numbers: Numbers, tactics: Tactics, item: OutboxItem): Promise<Verdict> => {
    const { outcome, summary } = commandOf(item)
    const path = `${sessionPath(delivery.lane)}/complete`
    const body = completionBody(outcome, summary, numbers.base + item.ordinal)
    try {
      await http({ op: 'completeSession', path, body, idempotent: true }, callOptions(delivery))
      return { kind: 'delivered', count: 1 }
    } catch (error) {
      return await judge.command(error, tactics, delivery)
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
    return first.numbered ? await sendEvents(delivery, numbers, tactics) : await sendCommand(delivery, numbers, tactics, first)
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
