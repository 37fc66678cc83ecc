/** The limit of unsent bytes on a link, for a writer that does not await its writes while the peer does not read. */
import { SignalboxError } from '../errors.js'
import type { LinkInfo } from '../transport.js'

/** Bytes that may wait behind the current chunk. A writer that awaits each write never reaches this limit. */
export const MAX_UNSENT_BYTES = 64 * 1024 * 1024

/** The cost of a waiting write beside its bytes, so that many small writes reach the limit too. */
const OVERHEAD_BYTES = 256

export const unsentCost = (bytes: number, writes = 1): number => bytes + writes * OVERHEAD_BYTES

/** Refuses a write as a whole, so that accepted writes stay complete and in order. */
export function tooMuchUnsent(info: LinkInfo): SignalboxError {
  return new SignalboxError({
    code: 'slow_consumer',
    message: `Cannot write to ${info.peer ?? info.id}: it does not read, and ${MAX_UNSENT_BYTES} bytes wait already.`,
    hint: 'Await each write before the next.',
    transport: info.transport,
    sent: 'no',
  })
}
