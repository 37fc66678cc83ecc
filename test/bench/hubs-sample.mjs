/**
 * Three hubs on one NATS server in one process: agents that each push one event a second, and viewers. Prints the processor time of a viewer
 * and event, beside a hub that has a store in memory alone, and how the time grows with agents and viewers.
 *
 *   node test/bench/hubs.mjs [--quick]
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { createHub, createSharedHub } from '../../src/hub/index.ts'
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

async function measure(hubs, viewers) {
  let seen = 0
  const watches = Array.from({ length: viewers }, (_, index) => hubs[index % hubs.length].watch({ kinds: ['message'] }))
  for (const watch of watches)
    void (async () => {
      for await (const batch of watch.batches()) seen += batch.length
    })()
  await pause(1500)
  const [from, before, started] = [process.cpuUsage(), seen, performance.now()]
  await pause(SECONDS * 1000)
  const { user, system } = process.cpuUsage(from)
  const given = seen - before
  const seconds = (performance.now() - started) / 1000
  await Promise.all(watches.map((watch) => watch.close()))
  return {
    cpuMsASecond: (user + system) / 1000 / seconds,
    eventsASecond: viewers === 0 ? undefined : given / viewers / seconds,
    given: given / seconds,
  }
}

async function run(kind, agents, viewers) {
  const stores = []
  const closers = []
  const sourcesOf = (index, hubs) => [() => steadySource(`s${index}`, Math.round(agents / hubs))]
  if (kind === 'nats') {
    const folder = await mkdtemp(join(tmpdir(), 'sbb-'))
    const port = await freePort()
    await writeFile(join(folder, 'nats.conf'), `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${join(folder, 'js')}" }\n`)
    const server = spawn(binary, ['-c', join(folder, 'nats.conf')], { stdio: 'ignore' })
    await pause(700)
    for (let index = 0; index < HUBS; index += 1) {
      const connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 })
      stores.push(natsStore({ connection }))
      closers.push(() => connection.close())
    }
    closers.push(async () => {
      server.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    })
  }
  const hubs = []
  if (kind === 'memory') hubs.push(await createHub({ sources: sourcesOf(0, 1) }))
  else
    for (const [index, store] of stores.entries())
      hubs.push(await createSharedHub({ store, name: `h${index}`, sources: sourcesOf(index, HUBS) }))
  const result = await measure(hubs, viewers)
  for (const hub of hubs) await hub.close()
  for (const close of closers) await close()
  return { kind, agents, viewers, ...result }
}

const rows = []
const sizes = quick
  ? [
      [100, 100],
      [1000, 0],
      [1000, 1000],
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
    ]
for (const kind of ['memory', 'nats'])
  for (const [agents, viewers] of sizes) {
    const row = await run(kind, agents, viewers)
    rows.push(row)
    console.log(JSON.stringify(row))
  }
const find = (kind, agents, viewers) => rows.find((row) => row.kind === kind && row.agents === agents && row.viewers === viewers)
for (const kind of ['memory', 'nats']) {
  const [bare, full] = [find(kind, 1000, 0), find(kind, 1000, 1000)]
  console.log(
    `${kind}: ${(((full.cpuMsASecond - bare.cpuMsASecond) * 1000) / full.given).toFixed(3)} µs a viewer and event; ${(bare.cpuMsASecond).toFixed(0)} ms a second without viewers`,
  )
  const slope = (one, other, by) => (Math.log(other.cpuMsASecond / one.cpuMsASecond) / Math.log(other[by] / one[by])).toFixed(2)
  const [few, many] = [find(kind, 100, 1000) ?? find(kind, 100, 100), full]
  if (!quick) {
    console.log(
      `${kind}: exponent over agents ${slope(few, many, 'agents')}, over viewers ${slope(find(kind, 1000, 100), full, 'viewers')}`,
    )
    console.log(`${kind}: exponent over agents without viewers ${slope(find(kind, 100, 0), bare, 'agents')}`)
  }
}
process.exit(0)
