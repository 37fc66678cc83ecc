/** Delivers the queue of a session: chooses the next batch, reads the answer, and decides whether to repeat. */
import type { Clock } from '../../core/clock.js'
import type { Deliver, Delivery, Memo, OutboxItem, Verdict } from '../../store/outbox/types.js'
import { completionBody } from '../direct.js'
import { wrongAddress } from '../errors.js'
import type { Http } from '../http.js'
import { isReceipt } from '../schema.js'
import { commandOf, countLeading, emittedIn, metadataEvent, textOf, textsOf, typeIn } from './batch.js'
import { createFailures } from './failures.js'
import type { GenerationProbe } from './generation.js'
import { createNumbering, numberIn, remember, type Attempt } from './numbers.js'
import { numbered } from './prepare.js'
import { isStored, possiblyDoubled } from './repeats.js'
import { createKeepaliveQuota, createRequests, KEEPALIVE_BYTES } from './requests.js'
import { createSendStates, markDelivered, markUnknown, type SendState } from './send-state.js'

export interface DeliverOptions {
  readonly http: Http
  readonly probe: GenerationProbe
  readonly clock: Clock
  readonly maxRequestBytes: number
  readonly timeoutMs: number
  readonly ambiguousPauseMs: number
  /** True while the page is being left: requests are small, so that they may outlive it. */
  readonly isLeaving: () => boolean
  /** Whether this session waits to be created. Sessions of its sub-agents are sent after it. */
  readonly isUncreated: (sessionId: string) => Promise<boolean>
  readonly onFilled: (sessionId: string, from: number, to: number) => void
}

/** How long a sub-agent's session waits for its parent. */
const PARENT_WAIT = { times: 150, ms: 200 }

export function createDeliver(options: DeliverOptions): Deliver {
  const { http, probe, clock, timeoutMs } = options
  const stateOf = createSendStates()
  const failures = createFailures(options)
  const requests = createRequests(http, timeoutMs)
  const numbering = createNumbering(requests, probe, clock, timeoutMs)
  const withinQuota = createKeepaliveQuota()

  const sendEvents = async (attempt: Attempt, state: SendState): Promise<Verdict> => {
    const { delivery, generation, base } = attempt
    const leaving = options.isLeaving()
    const isUnknown = (item: OutboxItem | undefined): boolean => (item?.position ?? 0) <= state.unknownUpTo
    let isRepeated = isUnknown(delivery.items[0])
    const all = textsOf(delivery.items)
    const count = countLeading(delivery.items, all, {
      maxEvents: state.maxEvents,
      maxBytes: leaving ? KEEPALIVE_BYTES : options.maxRequestBytes,
      // Repeated events go in a request of their own: then the answer tells which of them were stored already.
      stopBefore: (item) => state.refused.has(item.position) || (isRepeated && !isUnknown(item)),
    })
    const items = delivery.items.slice(0, count)
    const repeats = numberIn(attempt.memo, 'repeats')
    try {
      const seen = state.needsBarrier ? await numbering.look(attempt) : undefined
      if (repeats === 0 && isStored(items, seen, attempt)) isRepeated = false
    } catch (error) {
      return failures.later(error)
    }
    // Saved before it is sent: after a crash the next process must know that there may be more than one copy on its way.
    if (isRepeated) await remember(attempt, { repeats: repeats + 1 })
    const texts = items.map(({ ordinal }, index) => numbered(all[index] ?? '', base + ordinal))
    const { fillAt } = state
    if (fillAt !== undefined) {
      const before = emittedIn(texts[0] ?? '') - 1
      texts.unshift(numbered(metadataEvent(before, `fill-${fillAt}`), fillAt))
    }
    try {
      const post = (keepalive: boolean): Promise<unknown> => requests.postEvents('sendEvents', delivery, texts, keepalive)
      const answer = await (leaving ? withinQuota(items, post) : post(false))
      if (!isReceipt(answer)) return { kind: 'halt', error: wrongAddress('sendEvents', 'no conversation_id', { sent: 'maybe' }) }
      if (fillAt !== undefined) options.onFilled(delivery.queue, fillAt, base + (items[0]?.ordinal ?? 0) - 1)
      markDelivered(state, items, generation !== 'hash')
      const memo: Memo = {
        ...attempt.memo,
        base,
        exists: true,
        lastEmittedAt: emittedIn(texts.at(-1) ?? ''),
        lastSequence: answer.last_sequence ?? null,
        barriers: 0,
        repeats: 0,
      }
      const ambiguous = isRepeated ? possiblyDoubled(items, repeats, answer.accepted) : 0
      return { kind: 'delivered', count: items.length, memo, ambiguous }
    } catch (error) {
      const storesOthers = async (): Promise<boolean> => generation === 'hash' && (await numbering.look(attempt)) !== undefined
      return await failures.ofBatch({ error, items, state, offset: fillAt === undefined ? 0 : 1, attempt, storesOthers })
    }
  }

  const sendCompletion = async (attempt: Attempt, state: SendState, item: OutboxItem): Promise<Verdict> => {
    const { outcome, summary } = commandOf(item)
    try {
      await requests.complete(attempt.delivery, completionBody(outcome, summary, attempt.base + item.ordinal))
      return { kind: 'delivered', count: 1 }
    } catch (error) {
      return await failures.ofCompletion(error, state, attempt.delivery)
    }
  }

  /** A sub-agent's session waits, within bounds, until its parent is on the server. */
  const waitsForParent = async ({ queue, items }: Delivery, state: SendState): Promise<boolean> => {
    const parent = parentOf(items[0])
    if (parent === undefined || parent === queue || state.parentWaits >= PARENT_WAIT.times) return false
    state.parentWaits += 1
    return await options.isUncreated(parent)
  }

  return async (delivery) => {
    const { queue, items, resumed, hold } = delivery
    const state = stateOf(queue)
    // Of another sender's requests only the last one can still be on its way, and it began with these items.
    if (hold !== state.hold && resumed) markUnknown(state, items)
    state.hold = hold
    const [first] = items
    if (!first) return { kind: 'wait', afterMs: 0 }
    const reason = state.refused.get(first.position)
    if (reason !== undefined) {
      state.refused.delete(first.position)
      return { kind: 'dead', reason }
    }
    if (await waitsForParent(delivery, state)) return { kind: 'wait', afterMs: PARENT_WAIT.ms }
    let attempt: Attempt
    try {
      attempt = await numbering.start(delivery)
    } catch (error) {
      return failures.later(error)
    }
    return first.numbered ? await sendEvents(attempt, state) : await sendCompletion(attempt, state, first)
  }
}

/** The parent that a session names in its first event. */
function parentOf(first: OutboxItem | undefined): string | undefined {
  if (!first?.numbered || first.ordinal !== 1) return undefined
  const text = textOf(first)
  if (typeIn(text) !== 'session_start') return undefined
  const { data } = JSON.parse(text) as { data: { parent_session_id?: unknown } }
  return typeof data.parent_session_id === 'string' ? data.parent_session_id : undefined
}
