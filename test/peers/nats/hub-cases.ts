/** The rules of the hub on NATS: for a hub that has its store alone, and for both members of a pair that shares one. Runs in every runtime. */
import type { NatsConnection } from '@nats-io/nats-core'
import { createHub, createSharedHub, type Hub, type HubOptions } from '../../../src/hub/index.js'
import type { Store } from '../../../src/store/index.js'
import { hubRules, runCases, type Case, type CaseResult, type HubRulesContext } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'

export interface HubKind {
  readonly name: 'alone' | 'driver' | 'viewer'
  readonly rules: readonly Case<HubRulesContext>[]
  open(options: HubOptions): Promise<Hub>
}

/** In a cluster a renewal may have to wait for an election, which takes up to nine seconds. */
export interface HubCasesOptions {
  readonly connection: NatsConnection
  readonly replicas?: number
  readonly leaseMs?: number
}

// This case imitates a successor with an invented token. The server refuses a token that no lease has, so the case cannot run here.
const alone = hubRules.filter(({ id }) => id !== 'hub.lease.fence')
/** The others are about a hub that has its store alone. */
const shared = hubRules.filter(({ id }) => !id.startsWith('hub.lease.'))
/** A secret is answered at the hub that drives the agent. */
const withoutSecrets = shared.filter(({ id }) => id !== 'hub.secret' && id !== 'hub.ask.delivery')

/** Two hubs on one store: one drives the agents, the other one only serves viewers. The result is one of them. */
const openPair =
  (which: 'driver' | 'viewer', leaseMs: number) =>
  async (options: HubOptions): Promise<Hub> => {
    const { store } = options
    if (!store) throw new Error('The rules of this file run on a store of NATS.')
    const driver = await createSharedHub({ leaseMs, ...options, store, name: 'driver' })
    const viewer = await createSharedHub({ leaseMs, ...options, store, sources: [], name: 'viewer' })
    const close = async (): Promise<void> => {
      await viewer.close()
      await driver.close()
    }
    return { ...(which === 'driver' ? driver : viewer), close, [Symbol.asyncDispose]: close }
  }

export function hubKinds({ leaseMs = 1_000 }: Pick<HubCasesOptions, 'leaseMs'> = {}): readonly HubKind[] {
  return [
    { name: 'alone', rules: alone, open: createHub },
    { name: 'driver', rules: shared, open: openPair('driver', leaseMs) },
    { name: 'viewer', rules: withoutSecrets, open: openPair('viewer', leaseMs) },
  ]
}

/** Runs one case on an empty store. */
export async function onFreshStore<Result>(
  { connection, replicas = 1 }: HubCasesOptions,
  kind: HubKind,
  run: (context: HubRulesContext) => Promise<Result>,
): Promise<Result> {
  const freshStore = async (): Promise<Store> =>
    natsStore({ connection, prefix: `hub-${crypto.randomUUID()}`, replicas, timeoutMs: 15_000 })
  await using store = await freshStore()
  return await run({ store, freshStore, openHub: kind.open })
}

/** Without a test runner. */
export async function runHubCases(options: HubCasesOptions, kind: HubKind): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const rule of kind.rules) results.push(...(await onFreshStore(options, kind, (context) => runCases([rule], context))))
  return results
}
