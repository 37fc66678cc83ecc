import { vi } from 'vitest'

/**
 * Repeats a check until it passes, and gives its result. It has the time that a busy machine needs: the default of `vi.waitFor` is one
 * second, and a test that relies on it asserts a time.
 */
export const eventually = <Result>(check: () => Result | Promise<Result>): Promise<Result> =>
  vi.waitFor(check, { timeout: 30_000, interval: 20 })

/**
 * Gives everything in memory that is under way the turns of the event loop that it needs to arrive. Counted in turns, because a machine
 * that is busy for the whole of one wait gives no turn at all.
 */
export async function turns(count = 30): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1))
}
