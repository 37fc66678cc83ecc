/** Counts the entries and bytes of a log. The server counts only messages, so each message is looked at once. */
import { PER_MESSAGE, messageOf, sizesOf } from './entries.js'
import type { Stored } from './wire.js'

export interface Tally {
  /** The sequence of the next message to count. */
  readonly next: number
  add(messages: readonly Stored[]): void
  /** The totals of all entries from a position on. Forgets the earlier ones. */
  from(floor: number): { readonly first: number | undefined; readonly entries: number; readonly bytes: number }
}

interface Counted {
  readonly seq: number
  readonly sizes: readonly number[]
}

export function createTally(): Tally {
  let counted: Counted[] = []
  let start = 0
  let next = 1
  let entries = 0
  let bytes = 0
  const count = ({ sizes }: Counted, sign: 1 | -1): void => {
    entries += sign * sizes.length
    for (const size of sizes) bytes += sign * size
  }
  return {
    get next() {
      return next
    },
    add(messages) {
      for (const message of messages) {
        if (message.seq < next) continue
        const counts = { seq: message.seq, sizes: sizesOf(message) }
        counted.push(counts)
        count(counts, 1)
        next = message.seq + 1
      }
    },
    from(floor) {
      for (let oldest = counted[start]; oldest && oldest.seq < messageOf(floor); oldest = counted[start]) {
        count(oldest, -1)
        start += 1
      }
      if (start > 1024) {
        counted = counted.slice(start)
        start = 0
      }
      const oldest = counted[start]
      // A trim may end inside of a message.
      const hidden = oldest?.seq === messageOf(floor) ? oldest.sizes.slice(0, floor % PER_MESSAGE) : []
      const isHidden = oldest !== undefined && hidden.length === oldest.sizes.length
      const firstMessage = isHidden ? counted[start + 1] : oldest
      return {
        first: firstMessage && firstMessage.seq * PER_MESSAGE + (isHidden ? 0 : hidden.length),
        entries: entries - hidden.length,
        bytes: bytes - hidden.reduce((sum, size) => sum + size, 0),
      }
    },
  }
}
