/** The rules of the hub on a store that several hubs share. */
import { describe } from 'vitest'
import { createSharedHub, type Hub, type HubOptions } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { hubRules } from '../../src/testing/hub/index.js'
import { registerCases } from '../register-cases.js'

const LEASE_MS = 1_000

/** These are about a hub that has its store alone. */
const shared = hubRules.filter(({ id }) => !id.startsWith('hub.lease.'))
/** A secret is answered at the hub that drives the agent. */
const withoutSecrets = shared.filter(({ id }) => id !== 'hub.secret' && id !== 'hub.ask.delivery')

/** Two hubs on one store: one drives the agents, the other one only serves viewers. The result is one of them. */
const openPair =
  (which: 'driver' | 'viewer') =>
  async (options: HubOptions): Promise<Hub> => {
    const given = { leaseMs: LEASE_MS, ...options, store: options.store ?? memoryStore() }
    const driver = await createSharedHub({ ...given, name: 'driver' })
    const viewer = await createSharedHub({ ...given, sources: [], name: 'viewer' })
    const close = async (): Promise<void> => {
      await viewer.close()
      await driver.close()
    }
    return { ...(which === 'driver' ? driver : viewer), close, [Symbol.asyncDispose]: close }
  }

describe('a hub that only serves viewers, beside the driver', () => {
  registerCases(withoutSecrets, async (run) => {
    await using store = memoryStore()
    await run({ store, freshStore: async () => memoryStore(), openHub: openPair('viewer') })
  })
})

describe('the driver, beside a hub that only serves viewers', () => {
  registerCases(shared, async (run) => {
    await using store = memoryStore()
    await run({ store, freshStore: async () => memoryStore(), openHub: openPair('driver') })
  })
})
