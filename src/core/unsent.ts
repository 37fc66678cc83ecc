/** The bound on what a link holds for a peer that does not read, when a writer does not wait for its writes. */
import { SignalboxError } from '../errors.js'
import type { LinkInfo } from '../transport.js'

/** Beside the chunk that is under way. A writer that awaits each write never meets it. */
export const MAX_UNSENT_BYTES = 64 * 1024 * 1024

/** What a write that waits costs beside its bytes: a million tiny ones are not free. */
const OVERHEAD_BYTES = 256

export const unsentCost = (bytes: number, writes = 1): number => bytes + writes * OVERHEAD_BYTES

/** Refuses one write whole, so that what was accepted stays in order and complete. */
export function tooMuchUnsent(info: LinkInfo): SignalboxError {
  return new SignalboxError({
    code: 'slow_consumer',
    message: `Cannot write to ${info.peer ?? info.id}: it does not read, and ${MAX_UNSENT_BYTES} bytes wait already.`,
    hint: 'Await each write before the next.',
    transport: info.transport,
    sent: 'no',
  })
}
