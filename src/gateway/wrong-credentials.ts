/** Delays the refusal of a wrong credential once its address has sent several. A valid credential is never delayed. */
import { raceSignal } from '../core/deadline.js'
import type { GatewayContext } from './context.js'
import { Refusal } from './refusal.js'

/** The delay of a refusal. */
const DELAY_MS = 1_000
/** The most refusals that wait at the same time. Above it the client gets `too_many`. */
const MAX_WAITING = 32

/** Returns the result of `verify`. A refusal is delayed if this address has shown too many wrong credentials in the last minute. */
export async function heldBack<Given>(
  context: GatewayContext,
  remote: string | undefined,
  signal: AbortSignal | undefined,
  verify: () => Promise<Given>,
): Promise<Given> {
  try {
    return await verify()
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error
    const { wrongCredentials: wrong, clock } = context
    const address = remote ?? ''
    const isHeld = wrong.failures.waitMs(address) > 0
    wrong.failures.fail(address)
    if (!isHeld) throw error
    if (wrong.waiting >= MAX_WAITING) {
      throw new Refusal('too_many', { message: 'Too many wrong credentials came from this address.', hint: 'Wait a minute.' })
    }
    wrong.waiting += 1
    const late = new Promise<void>((resolve) => clock.after(DELAY_MS, resolve))
    try {
      await (signal ? raceSignal(late, signal) : late)
    } finally {
      wrong.waiting -= 1
    }
    throw error
  }
}
