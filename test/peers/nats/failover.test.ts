/**
 * Three hubs on a cluster of three servers. In each round the server that leads the stream is killed while prompts run, and comes back. Two
 * rounds by default; SIGNALBOX_ROUNDS runs more.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SignalboxError } from '../../../src/errors.js'
import { createSharedHub, type Hub, type HubEvent } from '../../../src/hub/index.js'
import { createScriptedSystem } from '../../../src/testing/hub/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { checkJournal, checkViewer } from '../../hub/shared-simulation.js'
import { startCluster, type NatsServer } from './server.js'

const ROUNDS = Number(process.env.SIGNALBOX_ROUNDS ?? 2)
const AGENTS = ['a', 'b', 'c', 'd', 'e', 'f']
/** An election takes up to nine seconds. */
const STORE = { replicas: 3, timeoutMs: 15_000 }
const LEASE_MS = 20_000

describe('a cluster of three servers', () => {
  let servers: readonly NatsServer[] = []
  const connections: NatsConnection[] = []
  beforeAll(async () => {
    servers = await startCluster()
  })
  afterAll(async () => {
    for (const connection of connections) await connection.close()
    for (const server of servers) await server[Symbol.asyncDispose]()
  })
  const open = async (): Promise<NatsConnection> => {
    const connection = await connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1, reconnectTimeWait: 200 })
    connections.push(connection)
    return connection
  }
  /** The server that leads the stream of the store. */
  const leader = async (connection: NatsConnection): Promise<NatsServer> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const info = await connection.request('$JS.API.STREAM.INFO.signalbox', '', { timeout: 2_000 }).catch(() => undefined)
      const name = info?.json<{ cluster?: { leader?: string } }>().cluster?.leader
      const index = Number(name?.slice(1)) - 1
      if (servers[index]) return servers[index]
      await pause(100)
    }
    throw new Error('the stream has no leader')
  }

  test(`${ROUNDS} kills of the leader while prompts run: every prompt ends once, nothing is lost or doubled [hub.shared.failover]`, async () => {
    const hubs: Hub[] = []
    const sent: string[] = []
    for (const name of ['h1', 'h2', 'h3']) {
      const connection = await open()
      const system = createScriptedSystem({
        name,
        agents: AGENTS.filter((_, index) => index % 3 === hubs.length),
        script: async (run) => {
          sent.push(run.prompt.promptId)
          for (let count = 0; count < Number(run.prompt.text); count += 1) {
            run.delta('x')
            await pause(40)
          }
          run.say('done')
          run.end()
        },
      })
      hubs.push(
        await createSharedHub({ store: natsStore({ connection, ...STORE }), name, sources: [system.source], leaseMs: LEASE_MS }),
      )
    }
    const control = await open()
    const agents = AGENTS.map((agent, index) => `h${(index % 3) + 1}/${agent}`)
    for (let tries = 0; tries < 300 && (await hubs[0]?.agents())?.length !== agents.length; tries += 1) await pause(100)
    expect((await (hubs[0] as Hub).agents()).map(({ id }) => id).sort()).toEqual(agents.toSorted())
    const seen = hubs.map((hub) => {
      const events: HubEvent[] = []
      void (async () => {
        for await (const event of hub.watch({ from: 'oldest' })) events.push(event)
      })().catch(() => {})
      return events
    })

    const accepted = new Set<string>()
    const refused = new Set<string>()
    const calls: Promise<void>[] = []
    const gaps: number[] = []
    let count = 0
    const prompt = (agent: string): void => {
      count += 1
      const promptId = `p${count}`
      const turn = (hubs[count % 3] as Hub).prompt(agent, String(count % 10), { promptId })
      calls.push(
        turn.accepted().then(
          () => void accepted.add(promptId),
          (error: unknown) => {
            if (SignalboxError.is(error) && error.sent === 'no') refused.add(promptId)
          },
        ),
      )
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const agent of agents) prompt(agent)
      await pause(200)
      const led = await leader(control)
      const from = Date.now()
      await led.kill()
      for (const agent of agents) prompt(agent)
      await leader(control)
      gaps.push(Date.now() - from)
      for (const agent of agents) prompt(agent)
      await Promise.all(calls)
      await led.start()
      await pause(1_000)
    }
    for (const id of accepted) {
      const end = await (hubs[0] as Hub).turn(id).end()
      expect(end.outcome, id).toBe('completed')
    }
    const log = await natsStore({ connection: control, ...STORE }).log('hub')
    const journal: HubEvent[] = []
    for (let next = 0; ; ) {
      const page = await log.read(next)
      for (const { sequence, bytes } of page.entries)
        journal.push({ ...(JSON.parse(new TextDecoder().decode(bytes)) as HubEvent), seq: sequence })
      if (page.entries.length === 0) break
      next = page.next
    }
    expect(checkJournal(journal)).toEqual([])
    expect(
      sent.filter((id, index) => sent.indexOf(id) !== index),
      'prompts that reached an agent twice',
    ).toEqual([])
    expect(
      sent.filter((id) => refused.has(id)),
      'prompts that were refused with sent: no, and sent',
    ).toEqual([])
    const last = journal.at(-1)?.seq
    for (let tries = 0; tries < 100 && seen.some((events) => events.at(-1)?.seq !== last); tries += 1) await pause(100)
    expect(
      seen.flatMap((events, index) =>
        checkViewer(
          journal,
          events.filter(({ origin }) => origin === 'live'),
          `h${index + 1}`,
        ),
      ),
    ).toEqual([])
    console.log(
      `FIGURES ${JSON.stringify({ rounds: ROUNDS, prompts: count, accepted: accepted.size, refused: refused.size, events: journal.length, electionsMs: gaps })}`,
    )
    for (const hub of hubs) await hub.close()
  }, 600_000)
})
