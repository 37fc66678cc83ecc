/** Writes frames that are ready in the same turn as one chunk: fifty calls at once cost one write to the pipe, not fifty. */
import { joinBytes } from '../core/join-bytes.js'
import type { Link } from '../transport.js'

/** A longer frame is written by itself: copying it would cost more than a write. */
const MAX_JOINED_BYTES = 64 * 1024

/**
 * Gives a function that writes a frame. It keeps the order of its calls, and its promise resolves when the link has taken all frames of
 * the same turn.
 */
export function createFrameWriter(link: Pick<Link, 'write'>): (frame: Uint8Array) => Promise<unknown> {
  let waiting: Uint8Array[] = []
  let flushing: Promise<unknown> | undefined

  const flush = (): Promise<unknown> => {
    const frames = waiting
    waiting = []
    flushing = undefined
    const chunks = joined(frames)
    const [only] = chunks
    return only && chunks.length === 1 ? link.write(only) : Promise.all(chunks.map((chunk) => link.write(chunk)))
  }
  return (frame) => {
    waiting.push(frame)
    flushing ??= Promise.resolve().then(flush)
    return flushing
  }
}

/** The same bytes in fewer chunks. */
export function joined(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  if (frames.length === 1) return frames
  const chunks: Uint8Array[] = []
  let group: Uint8Array[] = []
  let bytes = 0
  const close = (): void => {
    if (group.length > 0) chunks.push(concatenated(group, bytes))
    group = []
    bytes = 0
  }
  for (const frame of frames) {
    if (bytes + frame.byteLength > MAX_JOINED_BYTES) close()
    group.push(frame)
    bytes += frame.byteLength
  }
  close()
  return chunks
}

function concatenated(frames: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = frames
  if (first && frames.length === 1) return first
  return joinBytes(frames, bytes)
}
