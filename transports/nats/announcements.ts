/** Wakes the tails of a log: the server announces each entry that it stored. An announcement may get lost, so a tail also looks at intervals. */
import { onAbort } from '../../src/core/on-abort.js'
import type { JetStream } from './jetstream.js'

const LOOK_EVERY_MS = 1000
const PAUSE_MS = 250

export interface Announcements {
  /** Resolves when a message with this sequence or a later one may be there. */
  changed(seq: number, signal: AbortSignal | undefined): Promise<void>
  /** Waits a moment, while the server is gone. */
  pause(signal: AbortSignal | undefined): Promise<void>
  /** Starts to listen. Without effect after the first time. */
  listen(): void
  close(): void
}

export function createAnnouncements(jetstream: JetStream, subject: string): Announcements {
  const waiting = new Set<() => void>()
  let newest = 0
  let closed = false
  let stop: (() => void) | undefined
  const wakeAll = (): void => {
    for (const wake of [...waiting]) wake()
  }
  const wait = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        waiting.delete(wake)
        ignore()
        resolve()
      }
      const timer = jetstream.clock.after(ms, wake)
      const ignore = onAbort(signal, wake)
      waiting.add(wake)
      if (closed || signal?.aborted) wake()
    })

  return {
    async changed(seq, signal) {
      if (newest < seq) await wait(LOOK_EVERY_MS, signal)
    },
    pause: (signal) => wait(PAUSE_MS, signal),
    listen() {
      if (closed) return
      stop ??= jetstream.listen(subject, (seq) => {
        newest = Math.max(newest, seq ?? 0)
        wakeAll()
      })
    },
    close() {
      closed = true
      stop?.()
      wakeAll()
    },
  }
}
