/** A recorder in a process of its own, killed with SIGKILL again and again while agents work: the server has every event once. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'
import { createCatsyphonSimulator } from '../../src/testing/index.js'
import { listenHub } from '../../transports/node/index.js'
import { serveSimulator } from '../catsyphon/http-server.js'
import { writeProgram } from '../program.js'
import { rounds } from '../rounds.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-record-'))
  writeProgram(join(directory, 'recorder.mjs'), PROGRAM)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const PROGRAM = `
import { createCatsyphon, catsyphonOutbox } from '../../src/catsyphon/index.js'
import { createHubClient, recordHub } from '../../src/hub/index.js'
import { fetchExchange } from '../web/index.js'
import { fileStore, hubSocket } from './index.js'
const [path, url, collectorId, apiKey, directory, until] = process.argv.slice(2)
const store = fileStore({ directory })
const catsyphon = await createCatsyphon({
  transport: fetchExchange({ baseUrl: url, redirects: 'never' }), collectorId, apiKey, outbox: catsyphonOutbox({ store }),
  flushIntervalMs: 5, batchSize: 5, ambiguousPauseMs: 30,
})
const hub = createHubClient({ transport: hubSocket({ path }) })
const recorder = await recordHub(hub, { catsyphon, store, waitMs: 10000 })
process.stdout.write('ready')
if (until) {
  while ((recorder.status().cursor?.seq ?? 0) < Number(until)) await new Promise((next) => setTimeout(next, 20))
  await recorder.close()
  await hub.close()
  await catsyphon.flush({ timeoutMs: 60_000 })
  process.stdout.write(JSON.stringify(await catsyphon.close()))
  await store[Symbol.asyncDispose]()
}
`

const ROUNDS = rounds(10, 4)
const PROMPTS = 30

test.each(['current', 'transitional', 'sequence'] as const)(
  'after kills at any moment the %s server has each event of the journal once, in order [hub.record.kill]',
  async (generation) => {
    const system = createScriptedSystem({
      script: async (turn) => {
        for (let count = 0; count < 3; count += 1) {
          turn.event({ kind: 'tool', id: `${turn.prompt.text}.${count}`, name: 'Bash', status: 'running', input: { count } })
          await new Promise((next) => setTimeout(next, 1))
          turn.event({ kind: 'tool', id: `${turn.prompt.text}.${count}`, status: 'done', output: `${count}` })
        }
        turn.say(`answer ${turn.prompt.text}`)
        turn.end()
      },
    })
    await using hub = await createHub({ sources: [system.source()], limits: { maxQueued: 10_000 } })
    const path = join(directory, `${generation}.sock`)
    await using _listener = await listenHub(hub, { path })
    const simulator = createCatsyphonSimulator({ generation })
    await using server = await serveSimulator(simulator)
    const { id, key } = simulator.register()
    const args = [join(directory, 'recorder.mjs'), path, server.url, id, key, join(directory, generation)]
    let stopped = false
    let allowed = 0
    let count = 0
    // A number of prompts for each round: otherwise a slow start of a child would be a long journal.
    const prompting = (async () => {
      while (!stopped) {
        if (count === allowed) await new Promise((next) => setTimeout(next, 1))
        for (; count < allowed; count += 1) await hub.prompt('script/a', `p${count}`).end()
      }
    })()
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const gone = new Promise((resolve) => child.once('exit', resolve))
      await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), gone])
      allowed += PROMPTS
      await new Promise((resolve) => setTimeout(resolve, round * 13))
      child.kill('SIGKILL')
      await gone
    }
    stopped = true
    await prompting
    const last = hub.prompt('script/a', 'last')
    await last.end()
    const until = String((await last.info()).endSeq)
    const child = spawn(process.execPath, [...args, until], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += String(chunk)
    })
    await new Promise((resolve) => child.once('exit', resolve))
    expect(said).toBe('ready{"pending":0}')
    const [session = ''] = simulator.ledger.sessions.keys()
    const rows = simulator.ledger.rows(session).map(({ type, data }) => `${type} ${data.content ?? data.tool_use_id}`)
    const texts = [...Array.from({ length: count }, (_, index) => `p${index}`), 'last']
    expect(rows).toEqual(
      texts.flatMap((text) => [
        `message ${text}`,
        ...[0, 1, 2].flatMap((tool) => [`tool_call ${text}.${tool}`, `tool_result ${text}.${tool}`]),
        `message answer ${text}`,
        'message The turn is completed.',
      ]),
    )
  },
  120_000,
)
