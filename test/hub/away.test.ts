/** What a hub shows of agents whose system goes and returns. */
import { afterEach, describe, expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { SignalboxError } from '../../src/errors.js'
import {
  cccSource,
  ccccSource,
  cmdopSource,
  createHub,
  createHubClient,
  hubSource,
  serveHub,
  type Hub,
  type HubEvent,
  type Source,
} from '../../src/hub/index.js'
import { createCccSimulator, createCcccSimulator, createCmdopCoreSimulator, createScriptedSystem } from '../../src/testing/index.js'
import { memoryServer } from '../../src/testing/memory-server.js'
import type { Link, StreamTransport } from '../../src/transport.js'

const closers: (() => PromiseLike<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A transport that can be cut: its links end, and no other link opens until it is mended. */
function cuttable<Launch>(transport: StreamTransport<Launch>) {
  let isCut = false
  const links = new Set<Link>()
  return {
    transport: {
      ...transport,
      async open(launch, options) {
        if (isCut) throw new SignalboxError({ code: 'unreachable', message: 'Nothing listens there.', sent: 'no' })
        const link = await transport.open(launch, options)
        links.add(link)
        return link
      },
    } as StreamTransport<Launch>,
    async cut() {
      isCut = true
      await Promise.all([...links].map((link) => link.close()))
      links.clear()
    },
    mend() {
      isCut = false
    },
  }
}

interface System {
  readonly source: Source
  cut(): Promise<void>
  mend(): void
}

const SYSTEMS: Readonly<Record<string, () => Promise<System>>> = {
  async CCC() {
    const simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
    const wire = cuttable(simulator.transport)
    const client = createCcc({ transport: wire.transport })
    closers.push(() => simulator.stop())
    return { ...wire, source: cccSource({ client, pollMs: 10, sessionsEveryMs: 60_000 }) }
  },
  async CCCC() {
    const daemon = createCcccSimulator({ dialect: 'C' })
    const wire = cuttable(daemon.transport)
    const client = createCccc({ transport: wire.transport })
    await client.groups.create({ title: 'team' })
    closers.push(() => client.close())
    return { ...wire, source: ccccSource({ client, groupsEveryMs: 10 }) }
  },
  async CMDOP() {
    const core = createCmdopCoreSimulator()
    const wire = cuttable(core.transport)
    const client = createCmdop({ transport: wire.transport })
    closers.push(
      () => core.stop(),
      () => client.close(),
    )
    return { ...wire, source: cmdopSource({ client, machinesEveryMs: 10 }) }
  },
  async 'another hub'() {
    const inner = await createHub({ sources: [createScriptedSystem().source()] })
    const server = memoryServer()
    void (async () => {
      for await (const link of server.accept()) void serveHub(inner, link)
    })()
    const wire = cuttable(server.transport)
    const client = createHubClient({ transport: wire.transport })
    closers.push(
      () => inner.close(),
      () => server[Symbol.asyncDispose](),
      () => client.close(),
    )
    await expect.poll(async () => (await inner.agents()).length).toBe(1)
    return { ...wire, source: hubSource({ hub: client, name: 'laptop', checkEveryMs: 10 }) }
  },
}

const stateOf = async (hub: Hub) => (await hub.agents())[0]?.sessions[0]?.state

describe.each(Object.entries(SYSTEMS))('%s', (_name, open) => {
  test('agents whose system cannot be reached are offline, and have their state again when it is back [hub.source.away]', async () => {
    const { source, cut, mend } = await open()
    const hub = await createHub({ sources: [source] })
    closers.push(() => hub.close())
    await expect.poll(() => stateOf(hub)).toBeDefined()
    const before = await stateOf(hub)
    expect(before).not.toBe('offline')
    await cut()
    await expect.poll(() => stateOf(hub)).toBe('offline')
    mend()
    await expect.poll(() => stateOf(hub)).toBe(before)
    const states: HubEvent[] = []
    for await (const event of hub.watch({ from: 'oldest' })) {
      if (event.kind === 'state' && event.state === 'offline') states.push(event)
      if (states.length > 0) break
    }
    expect(states[0]).toMatchObject({ evidence: { from: 'polled' } })
  })
})

test('an ask that closed at another hub while the link was cut is closed here too [hub.source.away-asks]', async () => {
  const system = createScriptedSystem({ script: async (turn) => void (await turn.ask({ nativeId: 'q' })) })
  const inner = await createHub({ sources: [system.source()], limits: { maxEvents: 4 } })
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(inner, link)
  })()
  const wire = cuttable(server.transport)
  const client = createHubClient({ transport: wire.transport })
  const hub = await createHub({ sources: [hubSource({ hub: client, name: 'laptop', checkEveryMs: 10 })] })
  closers.push(
    () => inner.close(),
    () => server[Symbol.asyncDispose](),
    () => client.close(),
    () => hub.close(),
  )
  inner.prompt('script/a', 'x')
  await expect.poll(async () => (await hub.asks()).length).toBe(1)
  await wire.cut()
  const [ask] = await inner.asks()
  await inner.answer(ask?.id ?? '', { accept: true })
  // The journal keeps four events, so the outcome of the ask is cut off.
  for (let count = 0; count < 40; count += 1) {
    system.push('a', { kind: 'notice', level: 'info', text: `${count}` })
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  wire.mend()
  await expect.poll(async () => (await hub.asks()).length).toBe(0)
})
