/**
 * Three hubs on one NATS server in one process: agents that each push one event a second, and viewers. Prints the processor time of a viewer
 * and event, beside a hub that has a store in memory alone, and how the time grows with agents and viewers. A hub also has a fixed cost a second,
 * so the calculation for more agents uses the line through 1,000 and 10,000 events a second.
 *
 *   node test/bench/hubs.mjs [--quick | --write]
 *
 * `--write` puts the figures, and what follows from them, into docs/many-machines.md.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { createHub, createSharedHub } from '../../src/hub/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { natsStore } from '../../transports/nats/index.ts'

const quick = process.argv.includes('--quick')
const SECONDS = quick ? 4 : 6
const HUBS = 3
const binary = join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', 'nats-2.15.3', 'nats-server')

/** A source whose agents push one event a second, spread over the second. */
function steadySource(name, count) {
  let timer
  return {
    name,
    system: 'bench',
    async open(sink) {
      const ids = Array.from({ length: count }, (_, index) => `${name}/${index}`)
      let turn = 0
      timer = setInterval(() => {
        for (let index = turn; index < count; index += 20)
          sink.push({
            agent: ids[index],
            epoch: 'e',
            kind: 'message',
            id: 'm',
            role: 'agent',
            text: 'x'.repeat(100),
            how: 'replace',
            partial: false,
          })
        turn = (turn + 1) % 20
      }, 50)
      return ids.map((id) => ({ id, source: name, system: 'bench', name: id, sessions: [], can: {}, facts: {} }))
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
    },
  }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function measure(hubs, viewers, store, serverPid) {
  const log = await store.log('hub')
  let seen = 0
  const watches = Array.from({ length: viewers }, (_, index) => hubs[index % hubs.length].watch({ kinds: ['message'] }))
  for (const watch of watches)
    void (async () => {
      for await (const batch of watch.batches()) seen += batch.length
    })()
  await pause(1500)
  const serverFrom = serverPid === undefined ? 0 : await processorMs(serverPid)
  const { entries: stored } = await log.state()
  const [from, before, started] = [process.cpuUsage(), seen, performance.now()]
  await pause(SECONDS * 1000)
  const { user, system } = process.cpuUsage(from)
  const given = seen - before
  const seconds = (performance.now() - started) / 1000
  const storedASecond = ((await log.state()).entries - stored) / seconds
  const serverMs = serverPid === undefined ? undefined : ((await processorMs(serverPid)) - serverFrom) / seconds
  await Promise.all(watches.map((watch) => watch.close()))
  return {
    cpuMsASecond: (user + system) / 1000 / seconds,
    storedASecond,
    eventsASecond: viewers === 0 ? undefined : given / viewers / seconds,
    given: given / seconds,
    serverMsASecond: serverMs,
  }
}

async function run(kind, agents, viewers) {
  const stores = []
  const closers = []
  let server
  let connection
  const sourcesOf = (index, hubs) => [() => steadySource(`s${index}`, Math.round(agents / hubs))]
  if (kind === 'nats') {
    const folder = await mkdtemp(join(tmpdir(), 'sbb-'))
    const port = await freePort()
    await writeFile(join(folder, 'nats.conf'), `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${join(folder, 'js')}" }\n`)
    server = spawn(binary, ['-c', join(folder, 'nats.conf')], { stdio: 'ignore' })
    await pause(700)
    for (let index = 0; index < HUBS; index += 1) {
      connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 })
      stores.push(natsStore({ connection }))
      const opened = connection
      closers.push(() => opened.close())
    }
    closers.push(async () => {
      server.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    })
  }
  const hubs = []
  if (kind === 'memory') {
    stores.push(memoryStore())
    hubs.push(await createHub({ store: stores[0], sources: sourcesOf(0, 1).map((make) => make()) }))
  } else
    for (const [index, store] of stores.entries())
      hubs.push(await createSharedHub({ store, name: `h${index}`, sources: sourcesOf(index, HUBS) }))
  const result = await measure(hubs, viewers, stores[0], server?.pid)
  const bytes = server ? await bytesPerEvent(connection, stores[0]) : undefined
  for (const hub of hubs) await hub.close()
  for (const close of closers) await close()
  return { kind, agents, viewers, ...result, bytes }
}

/** User and system time of a process so far, in milliseconds. Linux counts in hundredths of a second. */
async function processorMs(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10
}

/** The bytes of the stream for each event of the journal. */
async function bytesPerEvent(connection, store) {
  const { state } = (await connection.request('$JS.API.STREAM.INFO.signalbox')).json()
  const { entries } = await (await store.log('hub')).state()
  return state.bytes / entries
}

const sizes = quick
  ? [
      [100, 100],
      [1000, 0],
      [1000, 1000],
      [10_000, 0],
    ]
  : [
      [100, 0],
      [100, 1000],
      [300, 1000],
      [1000, 0],
      [1000, 10],
      [1000, 100],
      [1000, 300],
      [1000, 1000],
      [10_000, 0],
    ]
const rows = []
for (const kind of ['memory', 'nats'])
  for (const [agents, viewers] of sizes) {
    const row = await run(kind, agents, viewers)
    rows.push(row)
    console.log(JSON.stringify(row))
  }

/** Rows whose events did not arrive in time: the machine was too busy, and their processor time says nothing about their rate. */
const late = rows.filter(({ agents, viewers, storedASecond, eventsASecond }) =>
  [storedASecond, viewers === 0 ? agents : eventsASecond].some((rate) => Math.abs(rate / agents - 1) > 0.1),
)
for (const { kind, agents, viewers, storedASecond } of late)
  console.log(
    `${kind}, ${agents} agents, ${viewers} viewers: stored ${storedASecond.toFixed(0)} events a second. The machine is too busy for this row.`,
  )

const find = (kind, agents, viewers) => rows.find((row) => row.kind === kind && row.agents === agents && row.viewers === viewers)
const slope = (one, other, by) =>
  one && other ? (Math.log(other.cpuMsASecond / one.cpuMsASecond) / Math.log(other[by] / one[by])).toFixed(2) : 'not measured'
/** What a second costs with no event at all, and what each further event adds: the line through 1,000 and 10,000 events a second. */
const lineOf = (few, many) => {
  const each = (many - few) / 9_000
  return { fixedMs: Math.max(0, few - each * 1_000), eachUs: each * 1_000 }
}
const figures = (kind) => {
  const [bare, full, many] = [find(kind, 1000, 0), find(kind, 1000, 1000), find(kind, 10_000, 0)]
  const hubs = kind === 'nats' ? HUBS : 1
  const hub = lineOf(bare.cpuMsASecond / hubs, many.cpuMsASecond / hubs)
  return {
    bare: bare.cpuMsASecond,
    many: many.cpuMsASecond,
    hub,
    viewer: ((full.cpuMsASecond - bare.cpuMsASecond) * 1000) / full.given,
    agents: slope(bare, many, 'agents'),
    viewedAgents: slope(find(kind, 100, 1000), full, 'agents'),
    viewers: slope(find(kind, 1000, 100), full, 'viewers'),
    server: kind === 'nats' ? lineOf(bare.serverMsASecond, many.serverMsASecond) : undefined,
    bytes: many.bytes,
  }
}
const [memory, nats] = [figures('memory'), figures('nats')]
const ms = (number) => `${number.toFixed(0)} ms`
const table = [
  ['', 'one hub in memory', 'three hubs on NATS'],
  ['---', '---', '---'],
  ['processor time of all hubs, 1,000 events a second, no viewer', ms(memory.bare), ms(nats.bare)],
  ['processor time of all hubs, 10,000 events a second, no viewer', ms(memory.many), ms(nats.many)],
  ['fixed processor time of each hub, a second', ms(memory.hub.fixedMs), ms(nats.hub.fixedMs)],
  ['and for each event', `${memory.hub.eachUs.toFixed(1)} µs`, `${nats.hub.eachUs.toFixed(1)} µs`],
  ['for each viewer and event, 1,000 viewers', `${memory.viewer.toFixed(2)} µs`, `${nats.viewer.toFixed(2)} µs`],
  ['exponent over agents, 1,000 to 10,000, without viewers', memory.agents, nats.agents],
  ['exponent over agents, 100 to 1,000, with 1,000 viewers', memory.viewedAgents, nats.viewedAgents],
  ['exponent over viewers, 100 to 1,000', memory.viewers, nats.viewers],
  ['fixed processor time of the server, a second', '', ms(nats.server.fixedMs)],
  ['and for each event', '', `${nats.server.eachUs.toFixed(1)} µs`],
  ['bytes in the stream for each event', '', nats.bytes.toFixed(0)],
]
const EVENTS = 100_000
const VIEWERS = 10_000
const gigabytes = (EVENTS * nats.bytes) / 1e9
const coresOf = ({ fixedMs, eachUs }) => fixedMs / 1000 + (EVENTS * eachUs) / 1e6
const cores = coresOf(nats.hub)
const serverCores = coresOf(nats.server)
/** What is busy first when the events of one journal grow: a hub runs on one core, and so do the writes of one stream. */
const busiest = Math.max(cores, serverCores)
const limit = Math.round(EVENTS / busiest / 100) * 100
const breaksAt = (part) =>
  part === busiest
    ? ` **The design breaks here first**, at about ${limit.toLocaleString('en')} events a second in one journal.`
    : ''
const prefixes = Math.ceil(busiest / 0.7)
const block = `${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

By calculation from these figures, for 100,000 agents with one event of ${nats.bytes.toFixed(0)} bytes a second each, and 10,000 viewers that each follow one agent:

- **Journal.** ${EVENTS.toLocaleString('en')} events a second are ${(gigabytes * 1000).toFixed(0)} MB a second and ${((gigabytes * 86_400) / 1000).toFixed(1)} TB a day, for each replica. Bound it by age: one hour is ${(gigabytes * 3600).toFixed(0)} GB.
- **Hubs.** Every hub reads every event. At ${nats.hub.eachUs.toFixed(1)} µs an event this is ${cores.toFixed(1)} cores for each hub, and a hub has one core.${breaksAt(cores)}
- **Server.** At ${nats.server.eachUs.toFixed(1)} µs an event one stream needs ${serverCores.toFixed(1)} cores for ${HUBS} hubs.${breaksAt(serverCores)}
- **Viewers.** At ${nats.viewer.toFixed(2)} µs for each viewer and event, ${VIEWERS.toLocaleString('en')} viewers add ${((VIEWERS * nats.viewer) / 1e6).toFixed(3)} cores in all.
- **So divide by prefix.** ${prefixes} prefixes with about ${(Math.round(EVENTS / prefixes / 100) * 100).toLocaleString('en')} agents each, so that neither a hub nor a stream is busy for more than 70 % of the time.`
console.log(`\n${block}`)
if (process.argv.includes('--write') && late.length > 0) {
  console.log('Nothing is written: not every row had its rate.')
  process.exit(1)
}
if (process.argv.includes('--write')) {
  const page = await readFile('docs/many-machines.md', 'utf8')
  await writeFile(
    'docs/many-machines.md',
    page.replace(/(<!-- hubs -->).*(<!-- \/hubs -->)/s, (_all, from, to) => `${from}\n\n${block}\n\n${to}`),
  )
}
process.exit(0)
