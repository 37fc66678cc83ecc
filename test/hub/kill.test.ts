/** A hub on a folder, killed with SIGKILL in the middle of its turns: the next one leaves every turn with one end. */
import { spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHub, createHubClient, type HubEvent } from '../../src/hub/index.js'
import { createScriptedSystem } from '../../src/testing/hub/scripted-system.js'
import { hubFolder, hubSocket } from '../../transports/node/index.js'
import { writeProgram } from '../program.js'
import { rounds } from '../rounds.js'

/** Each round kills the hub once, in ten turns. */
const ROUNDS = Number(process.env.SIGNALBOX_KILLS ?? rounds(20, 6))

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-hub-'))
  writeProgram(join(directory, 'hub.mjs'), PROGRAM)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

// The simulated system ends with the process, so its running turn is lost.
const PROGRAM = `
import { createHub } from '../../src/hub/index.js'
import { createScriptedSystem } from '../../src/testing/hub/scripted-system.js'
import { hubFolder, listenHub } from './index.js'
const system = createScriptedSystem({ script: async (turn) => {
  for (let count = 0; count < 5; count += 1) { turn.delta('x'); await new Promise((next) => setTimeout(next, 1)) }
  if (Number(turn.prompt.text) % 3 === 0) await turn.ask({ nativeId: 'q' + turn.prompt.text })
  turn.say('done'); turn.end()
} })
const { store, socket } = await hubFolder({ directory: process.argv[2], sync: false })
const hub = await createHub({ store, sources: [system.source()], waitMs: 5000, limits: { maxQueued: 1000 } })
await listenHub(hub, { path: socket })
process.stdout.write('ready')
`

const start = async (folder: string): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [join(directory, 'hub.mjs'), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the hub left with ${code}`)))
  })
  return child
}
const killed = async (child: ChildProcess): Promise<void> => {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

test(
  'after kills at any moment every accepted turn has one start and one end [hub.crash.kill]',
  async () => {
    const folder = join(directory, 'kills')
    const path = join(folder, 'hub.sock')
    const accepted = new Set<string>()
    let count = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = await start(folder)
      const client = createHubClient({ transport: hubSocket({ path }), reconnect: false })
      const prompts = Array.from({ length: 10 }, async () => {
        count += 1
        const promptId = `p${count}`
        await client.prompt('script/a', String(count), { promptId }).accepted()
        accepted.add(promptId)
      })
      const answering = (async () => {
        for await (const event of client.watch()) if (event.kind === 'ask') await client.answer(event.ask.id, { accept: true })
      })()
      const settled = Promise.allSettled([...prompts, answering])
      // Another moment in each round.
      await new Promise((resolve) => setTimeout(resolve, 15 + (round % 20) * 5))
      await killed(child)
      await settled
      await client.close()
    }
    const { store } = await hubFolder({ directory: folder })
    await using hub = await createHub({ store, sources: [createScriptedSystem({ script: () => {} }).source()] })
    for (const promptId of accepted) expect((await hub.turn(promptId).end()).kind).toBe('end')
    const events: HubEvent[] = []
    const marker = hub.prompt('script/a', 'last', { promptId: 'last' })
    await marker.accepted()
    for await (const event of hub.watch({ from: 'oldest' })) {
      events.push(event)
      if (event.turn === 'last') break
    }
    const turns = new Map<string, string[]>()
    for (const { turn, kind } of events)
      if (turn !== undefined && (kind === 'turn' || kind === 'end')) turns.set(turn, [...(turns.get(turn) ?? []), kind])
    const broken = [...turns].filter(
      ([id, kinds]) => id !== 'last' && (kinds.filter((kind) => kind === 'end').length !== 1 || kinds[0] !== 'turn'),
    )
    expect(broken).toEqual([])
    expect([...accepted].filter((id) => !turns.has(id))).toEqual([])
    expect(accepted.size).toBeGreaterThan(10)
    await store[Symbol.asyncDispose]()
  },
  120_000 + ROUNDS * 2_000,
)

test('a hub folder and a socket of another user are refused [hub.wire.socket]', async () => {
  const open = join(directory, 'open')
  await mkdir(open)
  await chmod(open, 0o777)
  await expect(hubFolder({ directory: open })).rejects.toMatchObject({ code: 'permission_denied' })
  const { socket } = await hubFolder({ directory: join(directory, 'empty') })
  await expect(hubSocket({ path: socket }).open(undefined)).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
})
