/** What a hub adds: to a turn of many deltas beside the bare client, and for each viewer of a busy journal. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCmdop, type Cmdop } from '../../../src/cmdop/index.js'
import {
  cmdopSource,
  createHub,
  createHubClient,
  type Hub,
  type HubWatch,
  type Source,
  type SourceSink,
} from '../../../src/hub/index.js'
import { hubServer } from '../../../src/hub/wire/serve.js'
import type { Store } from '../../../src/store/index.js'
import { simulatedId } from '../../../src/testing/cmdop/index.js'
import { memoryServer } from '../../../src/testing/memory-server.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { fileStore } from '../../../transports/node/store/file.js'
import { timed, type Measured, type Sample } from '../measure.js'

const MACHINE = simulatedId(1, 1)
const VIEWERS = 1000
const EVENTS_A_SECOND = 1000
const EVERY_MS = 20

const prompt = (deltas: number): string => `[[repeat ${deltas} word ]]`

/** Runs one small turn before, so that no side pays for the first call. */
async function turn(path: string, count: number, run: (client: Cmdop, deltas: number) => Promise<void>): Promise<Sample> {
  await using client = createCmdop({ transport: unixSocket({ path }) })
  await run(client, Math.ceil(count / 4))
  return await timed(async () => {
    await run(client, count)
    return count
  })
}

const bareTurn: Measured = ({ path, count }) =>
  turn(path, count, async (client, deltas) => {
    let text = ''
    for await (const batch of client.machines.ask(MACHINE, prompt(deltas)).batches())
      for (const frame of batch) if (frame.type === 'event') text += String(frame.payload)
    if (text.length < deltas) throw new Error(`the text has ${text.length} characters`)
  })

/** One viewer follows the turn to its end. */
const hubTurn =
  (openStore: () => Promise<(Store & { remove?: () => Promise<void> }) | undefined>): Measured =>
  async ({ path, count }) => {
    const store = await openStore()
    let hub: Hub | undefined
    const sample = await turn(path, count, async (client, deltas) => {
      hub ??= await createHub({ sources: [cmdopSource({ client })], ...(store ? { store } : {}) })
      let text = ''
      for await (const event of hub.prompt(`cmdop/${MACHINE}`, prompt(deltas)))
        if (event.kind === 'message' && event.how === 'append') text += event.text
      if (text.length < deltas) throw new Error(`the text has ${text.length} characters`)
    })
    await hub?.close()
    await store?.[Symbol.asyncDispose]()
    await store?.remove?.()
    return sample
  }

async function folder(): Promise<Store & { remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-bench-hub-'))
  return Object.assign(fileStore({ directory }), { remove: () => rm(directory, { recursive: true }) })
}

/** One agent whose events come at a steady rate, whatever the load. */
function steadySource(): { readonly source: Source; run(total: number): Promise<void> } {
  let sink: SourceSink | undefined
  return {
    source: {
      name: 'bench',
      system: 'bench',
      async open(given) {
        sink = given
        return [{ id: 'bench/a', source: 'bench', system: 'bench', name: 'a', sessions: [], can: {}, facts: {} }]
      },
      async [Symbol.asyncDispose]() {},
    },
    async run(total) {
      const began = performance.now()
      for (let sent = 0; sent < total; ) {
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
        const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * EVENTS_A_SECOND))
        for (; sent < due; sent += 1)
          sink?.push({ agent: 'bench/a', epoch: 'e', kind: 'notice', level: 'info', text: `${sent} ${'x'.repeat(100)}` })
      }
    },
  }
}

type Read = (watch: HubWatch, seen: (events: number) => void) => Promise<void>
const byBatches: Read = async (watch, seen) => {
  for await (const batch of watch.batches()) seen(batch.length)
}
const oneByOne: Read = async (watch, seen) => {
  for await (const _ of watch) seen(1)
}
/** Takes one event in half a second. */
const slowly = async (watch: HubWatch): Promise<void> => {
  for await (const _ of watch) await new Promise((resolve) => setTimeout(resolve, 500))
}

/** All viewers read every event; the slow ones come on top. `links`: the viewers are clients behind so many links in memory. */
const viewers =
  (read: Read, { count: many = VIEWERS, slow = 0, links = 0 } = {}): Measured =>
  async ({ count: seconds }) => {
    const total = seconds * EVENTS_A_SECOND
    const steady = steadySource()
    await using hub = await createHub({ sources: [steady.source] })
    const server = memoryServer()
    const serve = hubServer(hub)
    void (async () => {
      for await (const link of server.accept()) void serve(link)
    })()
    const clients = Array.from({ length: links }, () => createHubClient({ transport: server.transport, checkEveryMs: 0 }))
    const seen = Array.from({ length: many }, () => 0)
    const watches = seen.map((_, index) => (clients[index % links] ?? hub).watch({ kinds: ['notice'] }))
    const late = Array.from({ length: slow }, () => hub.watch({ kinds: ['notice'] }))
    const reading = watches.map((watch, index) =>
      read(watch, (events) => {
        seen[index] = (seen[index] ?? 0) + events
      }),
    )
    for (const watch of late) reading.push(slowly(watch))
    await new Promise((resolve) => setTimeout(resolve, 500))
    let memoryKb = 0
    const sample = await timed(async () => {
      await steady.run(total)
      while (seen.some((events) => events < total)) await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
      memoryKb = Math.round(process.memoryUsage().rss / 1024)
      return many * total
    })
    await Promise.all([...watches, ...late].map((watch) => watch.close()))
    await Promise.all(reading.map((one) => one.catch(() => {})))
    await Promise.all(clients.map((client) => client.close()))
    await server[Symbol.asyncDispose]()
    return { ...sample, memoryKb }
  }

/** The aim itself: 0.3 µs of processor time for each viewer and event. */
const aim: Measured = async ({ count: seconds }) => {
  const count = VIEWERS * seconds * EVENTS_A_SECOND
  return { wallMs: seconds * 1000, cpuMs: count * 0.0003, count }
}

export const hubSamples = {
  cmdopTurn: bareTurn,
  hubTurnMemory: hubTurn(async () => undefined),
  hubTurnFolder: hubTurn(folder),
  hubViewersAim: aim,
  hubViewers: viewers(byBatches),
  hubViewersSingle: viewers(oneByOne),
  hubViewersSlow: viewers(byBatches, { slow: 100 }),
  hubViewers100: viewers(byBatches, { count: 100 }),
  hubViewers100Links: viewers(byBatches, { count: 100, links: 10 }),
} satisfies Record<string, Measured>
