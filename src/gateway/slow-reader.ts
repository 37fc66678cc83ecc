/** Notices a reader that reads nothing for too long. One timer, set again only when it fires: a timer for each chunk costs more than the write. */
import type { Clock, Timer } from '../core/clock.js'

/** Times one reader. */
export interface SlowReaderWatch {
  /** Data waits for the reader from now on. */
  begin(): void
  /** The reader has read the data. */
  end(): void
  stop(): void
}

/** Calls back once when the reader reads nothing for this long. */
export function watchSlowReader(stallMs: number, onStall: () => void, clock: Clock): SlowReaderWatch {
  let since: number | undefined
  let timer: Timer | undefined
  const arm = (ms: number): void => {
    timer = clock.after(ms, () => {
      timer = undefined
      if (since === undefined) return
      const waited = clock.monotonic() - since
      if (waited >= stallMs) onStall()
      else arm(stallMs - waited)
    })
  }
  return {
    begin() {
      since = clock.monotonic()
      if (!timer) arm(stallMs)
    },
    end() {
      since = undefined
    },
    stop() {
      timer?.cancel()
    },
  }
}
