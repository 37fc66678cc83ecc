/** Detects a CLI that hangs: during a turn it writes nothing for too long, without a known reason. */
import type { Clock } from '../../core/clock.js'
import { watchIdle } from '../../core/idle.js'

export interface SilenceOptions {
  /** 0 for never. */
  readonly idleMs: number
  readonly clock: Clock
  /** Nothing is expected, or somebody else is waited for: a slow reader, a person who decides. */
  readonly isExplained: () => boolean
  readonly onHang: () => void
}

export interface SilenceWatch {
  /** Something came, or was sent. */
  touch(): void
  /** The next silence of this length has a reason. */
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
