/** Time and random numbers for tests: a clock that only a test moves, and random numbers that a seed reproduces. */
import type { Clock, Random, Timer } from '../core/clock.js'

/** A clock whose time only a test moves. */
export interface FakeClock extends Clock {
  /**
   * Moves the time forward and runs every timer that is due, in order, each at its own time. Promises settle before and after each
   * timer, so a timer that is set meanwhile also runs if it is due in time.
   *
   * @example
   * import { createFakeClock } from 'signalbox/testing'
   *
   * const clock = createFakeClock()
   * clock.after(1_000, () => console.log('one second'))
   * await clock.advance(1_000)
   */
  advance(ms: number): Promise<void>
  /**
   * Moves to the next timer and runs it. Gives false if no timer is set.
   *
   * @example
   * import { createFakeClock } from 'signalbox/testing'
   *
   * const clock = createFakeClock()
   * clock.after(60_000, () => console.log('the retry'))
   * console.log(await clock.advanceToNext())
   */
  advanceToNext(): Promise<boolean>
  /**
   * Lets promises settle. The time does not move, so no timer runs.
   *
   * @example
   * import { createFakeClock } from 'signalbox/testing'
   *
   * const clock = createFakeClock()
   * await clock.settle()
   * console.log(clock.timers)
   */
  settle(): Promise<void>
  /** How many timers are set. A test that ends with timers has found a leak. */
  readonly timers: number
}

/** Options of `createFakeClock`. */
export interface FakeClockOptions {
  /** The first time of day in Unix milliseconds. Default 2026-01-01T00:00:00Z. */
  readonly now?: number
  /**
   * Waits until every promise that can settle now has settled. Default: a timer of 0 ms. In a page the runtime stretches such timers to
   * 4 ms, so a page that lets much time pass gives a turn of a `MessageChannel`.
   */
  readonly turn?: () => Promise<void>
}

interface Armed {
  readonly due: number
  readonly order: number
  readonly callback: () => void
}

// 2026-01-01T00:00:00Z: a moment that a test can recognise.
const FIRST_NOW = 1_767_225_600_000

/**
 * Creates a clock whose time only a test moves. Pass it to the client and to the simulator: then hours pass in milliseconds.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { createCccSimulator, createFakeClock } from 'signalbox/testing'
 *
 * const clock = createFakeClock()
 * const simulator = createCccSimulator({ sessions: [{ name: 'myproject' }], clock })
 * const ccc = createCcc({ transport: simulator.transport, clock })
 * const sent = ccc.send({ session: 'myproject', text: 'hello' })
 * await clock.advance(60_000)
 * console.log((await sent).messageId)
 */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  // A real turn of the event loop comes after every microtask, however long their chain is.
  const { now: first = FIRST_NOW, turn: settle = () => new Promise((resolve) => void setTimeout(resolve, 0)) } = options
  const armed = new Set<Armed>()
  let time = 0
  let order = 0

  const next = (until: number): Armed | undefined => {
    let found: Armed | undefined
    for (const timer of armed) {
      if (timer.due > until) continue
      if (!found || timer.due < found.due || (timer.due === found.due && timer.order < found.order)) found = timer
    }
    return found
  }
  const fire = (timer: Armed): void => {
    armed.delete(timer)
    time = Math.max(time, timer.due)
    timer.callback()
  }

  return {
    now: () => first + time,
    monotonic: () => time,
    after(ms, callback): Timer {
      order += 1
      const timer: Armed = { due: time + Math.max(0, ms), order, callback }
      armed.add(timer)
      return { cancel: () => void armed.delete(timer) }
    },
    async advance(ms) {
      const until = time + ms
      await settle()
      for (let timer = next(until); timer; timer = next(until)) {
        fire(timer)
        await settle()
      }
      time = Math.max(time, until)
    },
    async advanceToNext() {
      await settle()
      const timer = next(Number.POSITIVE_INFINITY)
      if (!timer) return false
      fire(timer)
      await settle()
      return true
    },
    settle,
    get timers() {
      return armed.size
    },
  }
}

/**
 * Creates a random source that gives the same numbers for the same seed, on every runtime (Mulberry32).
 *
 * @example
 * import { createSeededRandom } from 'signalbox/testing'
 *
 * const random = createSeededRandom(42)
 * console.log(random(), random())
 */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
