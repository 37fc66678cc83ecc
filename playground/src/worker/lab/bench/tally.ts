/** Counts what a client said about its messages against what the simulator received. */

/** The result of a message at its client. `ambiguous`: the outcome is unknown. `failed`: the client gave up. */
export type Said = 'acknowledged' | 'ambiguous' | 'failed'

export interface Counts {
  /** Messages that the program gave to the client. */
  readonly sent: number
  /** The client is not finished with them. */
  readonly working: number
  readonly acknowledged: number
  readonly ambiguous: number
  readonly failed: number
  /** Different messages in the ledger of the simulator. */
  readonly delivered: number
  /** Copies beyond the first one. */
  readonly doubled: number
  /** Not in the ledger, although the client is finished and did not say that the outcome is unknown. */
  readonly lost: number
}

/** Zero of everything. */
const NO_COUNTS: Counts = {
  sent: 0,
  working: 0,
  acknowledged: 0,
  ambiguous: 0,
  failed: 0,
  delivered: 0,
  doubled: 0,
  lost: 0,
}

export interface Tally {
  sent(id: string): void
  said(id: string, said: Said): void
  received(id: string): void
  counts(): Counts
  /** Ids of lost and doubled messages, the first of each. */
  examples(most: number): { readonly lost: readonly string[]; readonly doubled: readonly string[] }
}

interface Message {
  said?: Said
  received: number
}

export function createTally(): Tally {
  const messages = new Map<string, Message>()
  const of = (id: string): Message => {
    const known = messages.get(id)
    if (known) return known
    const fresh = { received: 0 }
    messages.set(id, fresh)
    return fresh
  }
  const isLost = ({ said, received }: Message): boolean => received === 0 && said !== undefined && said !== 'ambiguous'
  return {
    sent: (id) => void of(id),
    said(id, said) {
      of(id).said = said
    },
    received(id) {
      of(id).received += 1
    },
    counts() {
      const counts = { ...NO_COUNTS } as { -readonly [Key in keyof Counts]: number }
      for (const message of messages.values()) {
        counts.sent += 1
        counts[message.said ?? 'working'] += 1
        if (message.received > 0) counts.delivered += 1
        counts.doubled += Math.max(0, message.received - 1)
        if (isLost(message)) counts.lost += 1
      }
      return counts
    },
    examples(most) {
      const ids = (wanted: (message: Message) => boolean): string[] =>
        [...messages].flatMap(([id, message]) => (wanted(message) ? [id] : [])).slice(0, most)
      return { lost: ids(isLost), doubled: ids(({ received }) => received > 1) }
    },
  }
}
