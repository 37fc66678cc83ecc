/** Frames of an ask that wait for their reader. Bounded by bytes, because frames differ in size by a factor of a million. */
import { createQueue } from '../core/queue.js'
import { asCmdopError } from './errors.js'
import type { AskFrame } from './frames.js'

const MAX_BYTES = 32 * 1024 * 1024
/** What a frame costs beside its text: without it a limit of 32 MiB would hold a million tiny frames in 200 MiB. */
const FRAME_OVERHEAD_BYTES = 128

export interface FrameBuffer {
  push(frame: AskFrame, bytes: number): void
  take(): Promise<readonly AskFrame[] | null>
  end(): void
  fail(error: unknown): void
  discard(): void
  /** True after the end, and after the buffer overflowed. */
  readonly ended: boolean
}

interface Kept {
  readonly frame: AskFrame
  readonly bytes: number
}

export function createFrameBuffer(limits: {
  readonly maxBufferedFrames?: number | undefined
  readonly maxBufferedBytes?: number | undefined
}): FrameBuffer {
  const { maxBufferedFrames = Number.POSITIVE_INFINITY, maxBufferedBytes = MAX_BYTES } = limits
  const queue = createQueue<Kept>({
    overflow: 'fail',
    maxItems: maxBufferedFrames,
    maxBytes: maxBufferedBytes,
    sizeOf: ({ bytes }) => bytes,
    name: 'the buffer of this ask (maxBufferedFrames, maxBufferedBytes)',
  })
  return {
    push: (frame, bytes) => void queue.push([{ frame, bytes: bytes + FRAME_OVERHEAD_BYTES }]),
    async take() {
      try {
        return (await queue.take())?.map(({ frame }) => frame) ?? null
      } catch (error) {
        throw asCmdopError(error)
      }
    },
    end: queue.end,
    fail: (error) => queue.fail(asCmdopError(error)),
    discard: queue.discard,
    get ended() {
      return queue.ended
    },
  }
}
