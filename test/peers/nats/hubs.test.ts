/**
 * Three hubs in processes of their own share one real server, with ten agents and 50 viewers. In each round a hub is killed, stopped or cut
 * off, or the server is killed or stopped. A few rounds by default; SIGNALBOX_ROUNDS=100 runs them all and prints the figures.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { SignalboxError } from '../../../src/errors.js'
import { createHub, createHubClient, type Hub, type HubEvent } from '../../../src/hub/index.js'
import { createScriptedSystem } from '../../../src/testing/hub/index.js'
import { createSeededRandom } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { hubSocket, listenHub } from '../../../transports/node/index.js'
import { checkJournal } from '../../hub/shared-simulation.js'
import { writeProgram } from '../../program.js'
import { startServer } from './server.js'

/** Which faults, in turn. */
const FAULTS = process.env.SIGNALBOX_FAULTS?.split(',') ?? ['kill', 'stop', 'partition', 'server killed', 'server stopped']
const ROUNDS = Number(process.env.SIGNALBOX_ROUNDS ?? 5)
const SEED = Number(process.env.SIGNALBOX_SEED ?? 1)
const LEASE_MS = 2_000
const SYSTEMS = ['s1', 's2', 's3', 's4', 's5']
const VIEWERS = 50

const PROGRAM = `
import { connect } from '@nats-io/transport-node'
import { createHubClient, createSharedHub, hubSource } from '../../src/hub/index.js'
import { natsStore } from '../nats/index.js'
import { hubSocket, listenHub } from './index.js'
const [name, servers, path, folder] = process.argv.slice(2)
const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 100, waitOnFirstConnect: true })
const store = natsStore({ connection, timeoutMs: 1500 })
const sources = ${JSON.stringify(SYSTEMS)}.map((system) => {
  const hub = createHubClient({ transport: hubSocket({ path: folder + '/' + system + '.sock' }) })
  return () => hubSource({ hub, name: system })
})
for (;;) {
  try {
    const hub = await createSharedHub({ store, name, sources, leaseMs: ${LEASE_MS}, callTimeoutMs: 10_000, resolveWithinMs: 120_000 })
    await listenHub(hub, { path })
    break
  } catch (error) { await new Promise((next) => setTimeout(next, 300)) }
}
process.stdout.write('ready')
`

/** A refusal without the names in it. */
const reasonOf = (refusal: string): string =>
  refusal
    .replace(/ \(\S+, \S+\)$/, '')
    .replace(/\S*\b[sh]\d\b\S*/g, '…')
    .slice(0, 120)

function countOf(list: readonly string[]): Readonly<Record<string, number>> {
  const count: Record<string, number> = {}
  for (const one of list) count[one] = (count[one] ?? 0) + 1
  return count
}

/** What a test must close, the last one first. Node 20 has no `AsyncDisposableStack`. */
function createStack() {
  const closers: (() => unknown)[] = []
  return {
    defer: (close: () => unknown): void => void closers.push(close),
    use<Part extends AsyncDisposable>(part: Part): Part {
      closers.push(() => part[Symbol.asyncDispose]())
      return part
    },
    async [Symbol.asyncDispose]() {
      for (const close of closers.toReversed()) await close()
    },
  }
}

/** A path to the server that can be cut: then no byte passes, and no connection is closed. */
async function startProxy(target: number) {
  let isCut = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = createConnection({ port: target, host: '127.0.0.1' })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.on('data', (bytes) => {
        if (!isCut) other.write(bytes)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      isCut = true
    },
    heal() {
      if (!isCut) return
      isCut = false
      // Bytes are missing on these.
      for (const socket of sockets) socket.destroy()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

test(`${ROUNDS} rounds of kills, stops and partitions of hubs and of the server lose and double nothing [hub.shared.nats]`, async () => {
  const random = createSeededRandom(SEED)
  const below = (count: number): number => Math.floor(random() * count)
  const folder = await mkdtemp(join(tmpdir(), 'sbh-'))
  await using stack = createStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  writeProgram(join(folder, 'hub.mjs'), PROGRAM)
  const server = stack.use(await startServer())

  const sends: string[] = []
  const answers: string[] = []
  const bases: { readonly hub: Hub; readonly name: string }[] = []
  for (const name of SYSTEMS) {
    const system = createScriptedSystem({
      name: 'agent',
      agents: ['a', 'b'],
      script: async (run) => {
        for (let count = 0; count < Number(run.prompt.text); count += 1) {
          run.delta('x')
          await pause(60)
        }
        if (Number(run.prompt.text) % 4 === 3)
          await Promise.race([run.ask({ nativeId: `q-${run.prompt.promptId}` }), run.whenCancelled])
        run.say('done')
        run.end()
      },
    })
    const hub = stack.use(await createHub({ sources: [system.source()], limits: { maxQueued: 10_000 } }))
    bases.push({ hub, name })
    const counted: Hub = {
      ...hub,
      prompt(agent, text, given = {}) {
        sends.push(given.promptId ?? '')
        return hub.prompt(agent, text, given)
      },
      answer(id, answer, given) {
        answers.push(`${name} ${id}`)
        return hub.answer(id, answer, given)
      },
    }
    stack.use(await listenHub(counted, { path: join(folder, `${name}.sock`) }))
  }

  const places = await Promise.all(
    ['h1', 'h2', 'h3'].map(async (name) => {
      const proxy = await startProxy(Number(server.url.split(':')[1]))
      stack.defer(() => proxy.close())
      const path = join(folder, `${name}.sock`)
      const place = {
        name,
        proxy,
        path,
        child: undefined as ChildProcess | undefined,
        client: createHubClient({ transport: hubSocket({ path }) }),
      }
      stack.defer(async () => void place.child?.kill('SIGKILL'))
      stack.use(place.client)
      return place
    }),
  )
  type Place = (typeof places)[number]
  const spawnHub = async (place: Place): Promise<void> => {
    const args = [join(folder, 'hub.mjs'), place.name, `127.0.0.1:${place.proxy.port}`, place.path, folder]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    place.child = child
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve())
      child.once('exit', (code, signal) => reject(new Error(`the hub left with ${code ?? signal}`)))
    })
  }
  for (const place of places) await spawnHub(place)
  const agents = SYSTEMS.flatMap((name) => [`${name}:agent/a`, `${name}:agent/b`])
  for (let tries = 0; tries < 100 && ((await places[0]?.client.agents()) ?? []).length < agents.length; tries += 1) await pause(100)

  const viewers = Array.from({ length: VIEWERS }, (_, index) => {
    const { path } = places[index % places.length] as Place
    const client = createHubClient({ transport: hubSocket({ path }) })
    const seen: { readonly seq: number; readonly gap: boolean }[] = []
    const follow = (async () => {
      for await (const { seq, kind, agent, origin } of client.watch({ from: 'oldest' })) {
        const gap = kind === 'gap' && agent === ''
        if (origin === 'live' || gap) seen.push({ seq, gap })
      }
    })()
    let failure: unknown
    follow.catch((error: unknown) => {
      failure = error
    })
    return { client, seen, failure: () => failure }
  })
  stack.defer(async () => void (await Promise.all(viewers.map(({ client }) => client.close()))))

  let busy = true
  const answering = (async () => {
    while (busy) {
      await pause(150)
      const two = [places[below(3)], places[below(3)]] as Place[]
      for (const { client } of two)
        client
          .asks({ timeoutMs: 2_000 })
          .then((asks) =>
            Promise.all(
              asks.map(({ id }) => client.answer(id, { accept: true }, { by: `${below(99)}`, timeoutMs: 8_000 }).catch(() => {})),
            ),
          )
          .catch(() => {})
    }
  })()

  const accepted = new Set<string>()
  const refused = new Map<string, string>()
  const calls: Promise<unknown>[] = []
  let count = 0
  const prompt = (agent: string): void => {
    count += 1
    const promptId = `p${count}`
    const { client } = places[below(3)] as Place
    const call = client.prompt(agent, String(below(8)), { promptId }).accepted()
    const limit = pause(25_000).then(() => {
      throw new Error('no answer')
    })
    calls.push(
      Promise.race([call, limit]).then(
        () => void accepted.add(promptId),
        (error: unknown) => {
          if (SignalboxError.is(error) && error.sent === 'no')
            refused.set(promptId, `${error.code} ${error.message} (${agent}, ${new Date().toISOString()})`)
        },
      ),
    )
  }

  const connection = await connect({ servers: server.url, maxReconnectAttempts: -1 })
  stack.defer(() => connection.close())
  const own = natsStore({ connection })
  const drives = await own.kv('hub-drives')
  /** The token and the hub of each source. */
  const driversNow = async (): Promise<Map<string, { readonly name: string; readonly token: number }>> => {
    const found = new Map<string, { readonly name: string; readonly token: number }>()
    for (const name of SYSTEMS) {
      const entry = await drives.get(name)
      if (entry) found.set(name, JSON.parse(new TextDecoder().decode(entry.bytes)) as { name: string; token: number })
    }
    return found
  }
  /** The sequence of the lease under which an event was written. It identifies the driver. */
  const leaseOf = async (seq: number): Promise<string> => {
    const found = await connection.request('$JS.API.STREAM.MSG.GET.signalbox', JSON.stringify({ seq: Math.floor(seq / 1024) }))
    const { message } = found.json<{ message?: { hdrs?: string } }>()
    return /Expected-Last-Subject-Sequence: *(\d+)/.exec(atob(message?.hdrs ?? ''))?.[1] ?? 'unknown'
  }
  /** Each fault and each new driver, for a failure that must be explained. */
  const history: unknown[] = []
  const takeovers: number[] = []
  /** The time until other hubs drive every source of a hub that is gone. */
  const watchTakeover = async (from: number, gone: string, before: Awaited<ReturnType<typeof driversNow>>): Promise<void> => {
    const waiting = new Set([...before].filter(([, { name }]) => name === gone).map(([source]) => source))
    while (waiting.size > 0 && Date.now() - from < LEASE_MS * 8) {
      for (const [source, { token }] of await driversNow()) {
        if (!waiting.has(source) || token === before.get(source)?.token) continue
        waiting.delete(source)
        takeovers.push(Date.now() - from)
      }
      await pause(25)
    }
  }
  const faults: Record<string, number> = {}
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const agent of agents) prompt(agent)
    await pause(100 + below(300))
    const before = await driversNow()
    const driving = places.filter(({ name }) => [...before.values()].some((one) => one.name === name))
    const place = (driving[below(driving.length)] ?? places[0]) as Place
    const fault = FAULTS[round % FAULTS.length] as string
    faults[fault] = (faults[fault] ?? 0) + 1
    const from = Date.now()
    history.push({ at: new Date(from).toISOString(), fault, hub: place.name, drivers: [...before] })
    switch (fault) {
      case 'kill': {
        place.child?.kill('SIGKILL')
        await watchTakeover(from, place.name, before)
        await spawnHub(place)
        break
      }
      case 'stop': {
        place.child?.kill('SIGSTOP')
        await watchTakeover(from, place.name, before)
        place.child?.kill('SIGCONT')
        break
      }
      case 'partition':
        place.proxy.cut()
        await pause(LEASE_MS * (0.5 + random() * 1.5))
        place.proxy.heal()
        break
      case 'server killed':
        await server.kill()
        await pause(below(LEASE_MS * 2))
        await server.start()
        break
      case 'server stopped':
        await server.pause()
        await pause(below(LEASE_MS * 2))
        server.resume()
        break
    }
    await pause(500)
  }
  await Promise.all(calls)
  const log = await own.log('hub')
  const readJournal = async (): Promise<HubEvent[]> => {
    const events: HubEvent[] = []
    for (let next = 0; ; ) {
      const page = await log.read(next)
      for (const { sequence, bytes } of page.entries)
        events.push({ ...(JSON.parse(new TextDecoder().decode(bytes)) as HubEvent), seq: sequence })
      if (page.entries.length === 0) return events
      next = page.next
    }
  }
  // Every prompt that the journal shows ends, also when its call failed. An answer that was lost with its hub leaves the agent waiting: then a
  // person cancels.
  let journal = await readJournal()
  const open = (): string[] => {
    const ended = new Set(journal.flatMap(({ kind, turn }) => (kind === 'end' ? [turn] : [])))
    const begun = journal.flatMap(({ kind, turn }) => (kind === 'turn' && turn !== undefined ? [turn] : []))
    return [...new Set([...begun, ...accepted])].filter((id) => !ended.has(id))
  }
  for (let tries = 0; tries < 300 && open().length > 0; tries += 1) {
    await pause(500)
    if (tries % 10 === 9)
      for (const id of open())
        (places[0] as Place).client
          .turn(id)
          .cancel({ timeoutMs: 5_000 })
          .catch(() => {})
    journal = await readJournal()
  }
  busy = false
  await answering
  await pause(3_000)
  journal = await readJournal()
  if (open().length > 0) {
    const turns = await own.kv('hub-turns')
    const asks = await places[0]?.client.asks()
    for (const id of open()) {
      console.log('OPEN', id, new TextDecoder().decode((await turns.get(id))?.bytes ?? new Uint8Array()))
      for (const event of journal) if (event.turn === id) console.log('OPEN', JSON.stringify(event).slice(0, 250))
    }
    console.log('OPEN asks', JSON.stringify(asks))
    for (const event of journal) if (event.kind === 'gap') console.log('OPEN gap', event.at, event.agent, event.seq)
    console.log(
      'OPEN sends',
      open().map((id) => [id, sends.filter((one) => one === id).length]),
    )
    for (const { hub, name } of bases)
      for (const id of open())
        console.log(
          'OPEN base',
          name,
          id,
          JSON.stringify(
            await hub
              .turn(id)
              .info()
              .catch((error) => String(error)),
          ),
        )
  }
  expect(open(), 'prompts without an end').toEqual([])
  const broken = checkJournal(journal)
  for (const [, turn] of broken.flatMap((problem) => [...problem.matchAll(/\b(p\d+)\b/g)])) {
    const sent = `sent ${sends.filter((id) => id === turn).length} times`
    console.log('BROKEN', turn, sent, new TextDecoder().decode((await (await own.kv('hub-turns')).get(turn ?? ''))?.bytes))
    for (const event of journal)
      if (event.turn === turn) console.log('BROKEN lease', await leaseOf(event.seq), JSON.stringify(event).slice(0, 300))
  }
  if (broken.length > 0) console.log('BROKEN stops', JSON.stringify(history))
  expect(broken).toEqual([])
  const doubled = (list: readonly string[]): string[] => [...new Set(list.filter((one, index) => list.indexOf(one) !== index))]
  expect(doubled(sends), 'prompts that reached an agent twice').toEqual([])
  expect(doubled(answers), 'asks that were answered twice').toEqual([])
  expect(
    [...refused].filter(([id]) => sends.includes(id)),
    'prompts that were refused with sent: no, and sent',
  ).toEqual([])
  const all = journal.map(({ seq }) => seq)
  for (let tries = 0; tries < 60 && viewers.some(({ seen }) => seen.at(-1)?.seq !== all.at(-1)); tries += 1) await pause(500)
  const wrong = viewers.flatMap(({ seen, failure }, index) => {
    if (failure()) return [`viewer ${index} failed: ${String(failure())}`]
    if (seen.some(({ gap }) => gap)) return []
    const got = seen.map(({ seq }) => seq)
    return got.length === all.length && got.every((seq, at) => seq === all[at])
      ? []
      : [`viewer ${index}: ${got.length} of ${all.length}`]
  })
  expect(wrong).toEqual([])
  const sorted = takeovers.toSorted((one, other) => one - other)
  const figures = {
    rounds: ROUNDS,
    faults,
    prompts: count,
    accepted: accepted.size,
    refused: refused.size,
    refusedBecause: countOf([...refused.values()].map(reasonOf)),
    events: journal.length,
    ends: journal.filter(({ kind }) => kind === 'end').length,
    gapsOfViewers: viewers.filter(({ seen }) => seen.some(({ gap }) => gap)).length,
    leaseMs: LEASE_MS,
    takeoverMedianMs: sorted[Math.floor(sorted.length / 2)],
    takeoverWorstMs: sorted.at(-1),
    takeovers: sorted.length,
  }
  console.log(`FIGURES ${JSON.stringify(figures)}`)
}, 3_600_000)
