/** The lease of the hub that drives a journal. One hub at a time has it, and its token fences every write. */
import { sleep, type Clock, type Timer } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { Fence, HeldLease, Lease } from '../store/store.js'
import { hubError } from './context.js'

export interface Drive {
  /** The lease that every append names. Its token grows when the lease ran out and nobody else had it. */
  readonly fence: Fence
  release(): Promise<void>
}

export interface DriveOptions {
  readonly clock: Clock
  readonly ttlMs: number
  /** How long to wait until another hub has released the store. */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
  /** The lease is lost: another hub may write now, so this one must not. */
  readonly onLost: (error: SignalboxError) => void
}

/** The key of the lease of a hub that has its store alone. */
export const DRIVER = 'driver'

const LOOK_AGAIN_MS = 100

export async function takeDrive(lease: Lease, options: DriveOptions): Promise<Drive> {
  const { clock, ttlMs, waitMs, signal, onLost } = options
  const until = clock.monotonic() + waitMs
  const acquire = (): Promise<HeldLease | null> => lease.acquire(DRIVER, { ttlMs })
  let heldLease = await acquire()
  while (heldLease === null) {
    if (clock.monotonic() >= until) {
      throw hubError({
        code: 'conflict',
        message: 'Another hub drives this store.',
        hint: 'Connect to that hub, stop it, or wait for it with waitMs.',
        retryable: true,
      })
    }
    await sleep(clock, LOOK_AGAIN_MS, signal)
    heldLease = await acquire()
  }
  let current = heldLease
  let timer: Timer | undefined
  let over = false
  const lost = (cause?: unknown): void => {
    if (over) return
    over = true
    onLost(hubError({ code: 'conflict', message: 'The lease of this hub is lost: another hub may drive the store now.', cause }))
  }
  /** Takes the lease again after the process slept for longer than its lease. The next token shows that no other hub had it meanwhile. */
  const regain = async (): Promise<boolean> => {
    const next = await acquire()
    if (over || next?.token !== current.token + 1) {
      await next?.release()
      return false
    }
    current = next
    return true
  }
  const renew = async (): Promise<void> => {
    try {
      if (!(await current.renew(ttlMs)) && !(await regain())) return lost()
    } catch (error) {
      // The store may be back before the lease has run out.
      if (current.remainingMs() === 0) return lost(error)
    }
    arm()
  }
  const arm = (): void => {
    if (!over) timer = clock.after(ttlMs / 3, () => void renew())
  }
  arm()
  return {
    fence: {
      key: DRIVER,
      get token() {
        return current.token
      },
    },
    async release() {
      over = true
      timer?.cancel()
      await current.release()
    },
  }
}
