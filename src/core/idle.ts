/** Detects silence: sends heartbeats to peers that support them, otherwise reports the silence. One timer, set again only when it fires. */
import { systemClock, type Clock, type Timer } from './clock.js'

export interface IdleWatch extends Disposable {
  /** Call for every message of the peer. It only stores the time. */
  touch(): void
  stop(): void
}

export function watchIdle(idleMs: number, onIdle: () => void, clock: Clock = systemClock): IdleWatch {
  let lastSign = clock.monotonic()
  let timer: Timer | undefined
  const arm = (ms: number): void => {
    timer = clock.after(ms, () => {
      const silent = clock.monotonic() - lastSign
      if (silent >= idleMs) {
        timer = undefined
        onIdle()
      } else arm(idleMs - silent)
    })
  }
  const stop = (): void => {
    timer?.cancel()
    timer = undefined
  }
  if (idleMs > 0 && idleMs !== Number.POSITIVE_INFINITY) arm(idleMs)
  return {
    touch() {
      lastSign = clock.monotonic()
    },
    stop,
    [Symbol.dispose]: stop,
  }
}
