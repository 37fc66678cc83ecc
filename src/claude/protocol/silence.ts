/** Detects a CLI that hangs: during a turn it writes nothing for too long, without a known reason. */
import type { Clock } from '../../core/clock.js'
import { watchIdle } from '../../core/idle.js'

export interface SilenceOptions {
  /** How long the CLI may be silent, in milliseconds. 0: without a limit. */
  readonly idleMs: number
  readonly clock: Clock
  /** True while a silence is normal: no output is expected, or the CLI waits for a slow reader or for a decision. */
  readonly isExplained: () => boolean
  readonly onHang: () => void
}

export interface SilenceWatch {
  /** Call it for every line that is received or sent. */
  touch(): void
  /** The next silence of this length is not a hang. */
  expect(ms: number): void
  stop(): void
}

export function watchSilence({ idleMs, clock, isExplained, onHang }: SilenceOptions): SilenceWatch {
  let quietUntil = 0
  const onSilence = (): void => {
    if (!isExplained() && clock.monotonic() >= quietUntil) return onHang()
    watch = watchIdle(idleMs, onSilence, clock)
  }
  let watch = watchIdle(idleMs, onSilence, clock)
  return {
    touch: () => watch?.touch(),
    expect(ms) {
      quietUntil = Math.max(quietUntil, clock.monotonic() + ms + idleMs)
    },
    stop: () => watch?.stop(),
  }
}
