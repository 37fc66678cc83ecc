/** Notices that the other end of a link has become silent while a call or a watch waits. */
import type { Clock, Timer } from '../../core/clock.js'

export interface SilenceOptions {
  readonly clock: Clock
  /** The time between two checks; 0 never checks. */
  readonly everyMs: number
  /** True while a call or a watch waits. Otherwise nothing is asked and no timer is set. */
  waits(): boolean
  /** Asks the other end whether it lives. */
  ask(): void
  /** Called when the answer did not come. */
  onSilent(silentMs: number): void
}

export interface SilenceCheck {
  /** Something arrived. */
  frameArrived(): void
  /** A call or a watch waits from now on. */
  start(): void
  stop(): void
}

export function createSilenceCheck({ clock, everyMs, waits, ask, onSilent }: SilenceOptions): SilenceCheck {
  let timer: Timer | undefined
  let stopped = false
  /** `asked`: nothing was heard since the check before, so the other end was asked. */
  let state: 'heard' | 'quiet' | 'asked' = 'heard'

  const check = (): void => {
    timer = undefined
    if (state === 'asked') return onSilent(2 * everyMs)
    if (state === 'quiet') ask()
    state = state === 'quiet' ? 'asked' : 'quiet'
    start()
  }
  const start = (): void => {
    if (timer || stopped || everyMs === 0 || !waits()) return
    timer = clock.after(everyMs, check)
  }
  return {
    frameArrived() {
      state = 'heard'
    },
    start,
    stop() {
      stopped = true
      timer?.cancel()
    },
  }
}
