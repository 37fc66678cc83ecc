/** Hubs that share a store in memory, each on a machine of its own, on a manual clock. */
import { createSharedHub, type Hub, type SharedHubOptions } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.js'
import { createMachine } from './machines.js'
import { faultyStore, type Plan } from './store-faults.js'

export const LEASE_MS = 3_000
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function world(plan: Plan = () => 'do') {
  const clock = createFakeClock({ turn })
  const store = memoryStore({ clock })
  const random = createSeededRandom(1)
  /** Opens a hub on a machine of its own. */
  const start = async (name: string, sources: SharedHubOptions['sources'], more: Partial<SharedHubOptions> = {}) => {
    const machine = createMachine({ clock, store: faultyStore(name, store, clock, plan) }, random)
    const reached = sources.map((source) => () => machine.reach(typeof source === 'function' ? source() : source))
    const opening = createSharedHub({
      store: machine.store,
      clock: machine.clock,
      sources: reached,
      leaseMs: LEASE_MS,
      name,
      ...more,
    })
    let hub: Hub | undefined
    const opened = (one: Hub): void => {
      hub = one
    }
    opening.then(opened, () => {})
    for (let round = 0; !hub && round < 20; round += 1) await clock.advance(50)
    return { machine, hub: await opening }
  }
  /** Lets time pass until the promise has settled. */
  const settled = async <Value>(work: Promise<Value>, withinMs = 60_000): Promise<Value> => {
    let over = false
    const end = (): void => {
      over = true
    }
    work.then(end, end)
    for (let ms = 0; !over && ms < withinMs; ms += 50) await clock.advance(50)
    return work
  }
  return { clock, store, start, settled }
}
