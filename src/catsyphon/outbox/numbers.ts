/** The state of a session while one batch is sent, and the start of its sequence numbers. */
import type { Clock } from '../../core/clock.js'
import type { Delivery, Memo } from '../../store/outbox/types.js'
import { CatsyphonError } from '../errors.js'
import { emittedIn, metadataEvent, textOf } from './batch.js'
import type { GenerationProbe } from './generation.js'
import { numbered } from './prepare.js'
import type { Sighting } from './repeats.js'
import type { Requests } from './requests.js'
import type { ServerGeneration } from './types.js'

/** One delivery to one session, with the facts known about the session. */
export interface Attempt {
  readonly delivery: Delivery
  readonly generation: ServerGeneration
  /** An item's ordinal plus this is its sequence on the wire. */
  readonly base: number
  /** Whether the session is known to be on the server. */
  readonly exists: boolean
  /** What was saved last, also during this delivery. */
  memo: Memo
}

/** Saves a change of the memo, on top of everything that was saved before. */
export async function remember(attempt: { readonly delivery: Delivery; memo: Memo }, change: Memo): Promise<void> {
  attempt.memo = { ...attempt.memo, ...change }
  await attempt.delivery.saveMemo(attempt.memo)
}

/** A sequence that no session reaches: a sequence server refuses it and names the right one. */
const FAR_TOO_HIGH = 2_000_000_000

export interface Numbering {
  start(delivery: Delivery): Promise<Attempt>
  /**
   * Makes a hash server finish the request that it may still work on, so that it recognises a repeat. Then says where the session stands;
   * undefined when that cannot be found out. A barrier on a session that does not exist would take the place of its start.
   */
  look(attempt: Attempt): Promise<Sighting | undefined>
}

export function createNumbering(requests: Requests, probe: GenerationProbe, clock: Clock, timeoutMs: number): Numbering {
  /** The last sequence of a session whose status is refused, because other credentials began it. */
  const lastOfForeign = async (delivery: Delivery): Promise<number> => {
    try {
      await requests.postEvents('probe', delivery, [numbered(metadataEvent(clock.now(), 'probe'), FAR_TOO_HIGH)])
      return 0
    } catch (error) {
      if (error instanceof CatsyphonError && error.expectedSequence !== undefined) return error.expectedSequence - 1
      throw error
    }
  }
  const barrier = async (attempt: Attempt): Promise<Sighting> => {
    const { delivery, memo } = attempt
    const barriers = numberIn(memo, 'barriers') + 1
    // Saved first: a later process must count this barrier, too.
    if (typeof memo.lastSequence === 'number') await remember(attempt, { barriers })
    const [first] = delivery.items
    const moment = first ? emittedIn(textOf(first)) || clock.now() : clock.now()
    const answer = await requests.postEvents('barrier', delivery, [metadataEvent(moment, 'barrier')])
    return { lastSequence: numberIn(answer, 'last_sequence'), barriers }
  }
  return {
    async start(delivery) {
      const { memo } = delivery
      const generation = await probe.detect({ signal: delivery.signal, timeoutMs })
      const exists = memo.exists === true
      if (typeof memo.base === 'number') return { delivery, generation, base: memo.base, exists, memo }
      if (generation === 'hash') return { delivery, generation, base: 0, exists, memo }
      // A session whose outbox was lost continues at the server's last number: a sequence server drops lower numbers.
      const found = await requests.status(delivery)
      const base = found === undefined ? await lastOfForeign(delivery) : (found?.last_sequence ?? 0)
      const attempt = { delivery, generation, base, exists: found !== null, memo }
      await remember(attempt, { base, exists: attempt.exists })
      return attempt
    },
    async look(attempt) {
      const { generation, exists, delivery } = attempt
      if (generation === 'hash') {
        if (!exists && (await requests.status(delivery)) === null) return undefined
        return await barrier(attempt)
      }
      const found = generation === 'sequence' ? await requests.status(delivery) : undefined
      return found ? { lastSequence: found.last_sequence, barriers: 0 } : undefined
    },
  }
}

/** A number of a record, 0 where it has none. */
export function numberIn(record: unknown, key: string): number {
  const value = (record as Record<string, unknown> | null | undefined)?.[key]
  return typeof value === 'number' ? value : 0
}
