/** The example programs, run as programs, against a simulated daemon with a home of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCccc, type CcccClient } from '../../src/cccc/index.js'
import { createCcccSimulator, type CcccSimulator } from '../../src/testing/index.js'
import { listenUnix, type ListenUnixOptions } from '../../transports/node/index.js'
import { buildExamples, removeExamples } from '../build-examples.js'

const NAMES = ['compat-check', 'stream', 'send', 'auto-ack-attention', 'context-add-note', 'send-cross-group', 'profiles']

let folder: string
let out: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sb-ex-'))
  out = await buildExamples(
    'cccc',
    NAMES.map((name) => `${name}.mjs`),
  )
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await removeExamples(out)
})

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function withDaemon(
  dialect: 'A' | 'B' | 'C',
  work: (tools: {
    simulator: CcccSimulator
    client: CcccClient
    groups: readonly [string, string]
    run(name: string, ...args: string[]): Promise<Ran>
    start(name: string, ...args: string[]): ChildProcess
  }) => Promise<void>,
): Promise<void> {
  const home = await mkdtemp(join(folder, 'h-'))
  await mkdir(join(home, 'daemon'))
  const where: ListenUnixOptions = { path: join(home, 'daemon', 'ccccd.sock') }
  await using listener = await listenUnix(where)
  await using simulator = createCcccSimulator({ dialect })
  void simulator.listen(listener)
  await using client = createCccc({ transport: simulator.transport })
  const ids: string[] = []
  for (const title of ['one', 'two']) {
    const { group_id: groupId } = await client.groups.create({ title })
    await client.groups.attach({ groupId, path: '/home/dev/project' })
    await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', runner: 'headless' })
    ids.push(groupId)
  }
  const env = { ...process.env, CCCC_HOME: home }
  await work({
    simulator,
    client,
    groups: [ids[0] ?? '', ids[1] ?? ''],
    run: (name, ...args) =>
      new Promise((resolve) => {
        execFile(process.execPath, [join(out, `${name}.mjs`), ...args], { env, timeout: 50_000 }, (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr })
        })
      }),
    start: (name, ...args) =>
      spawn(process.execPath, [join(out, `${name}.mjs`), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
  })
}

/** The output of a program up to the given text; then the program is interrupted and must exit by itself. */
async function until(child: ChildProcess, expected: string, meanwhile: () => Promise<unknown>): Promise<string> {
  let text = ''
  let errors = ''
  child.stdout?.on('data', (chunk) => {
    text += String(chunk)
  })
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk)
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  try {
    await meanwhile()
    await expect.poll(() => text + errors, { timeout: 30_000 }).toContain(expected)
  } finally {
    child.kill('SIGINT')
  }
  expect(await exited).toBe(0)
  return text
}

describe('the example programs [cccc.examples]', () => {
  test.each(['A', 'B', 'C'] as const)(
    'compat-check, send, send-cross-group, context-add-note and profiles work on dialect %s',
    async (dialect) => {
      await withDaemon(dialect, async ({ simulator, groups: [one, two], run }) => {
        const compat = await run('compat-check')
        expect(compat.stdout).toContain(`dialect ${dialect}`)
        const sent = await run('send', '--group', one, '--text', 'hello')
        expect(sent.code).toBe(0)
        expect(simulator.events(one).find(({ id }) => id === sent.stdout.trim())?.data.text).toBe('hello')
        const crossed = await run('send-cross-group', '--src', one, '--dst', two, '--text', 'hello from src')
        expect(crossed.stdout).toMatch(/^[0-9a-f]{32} -> [0-9a-f]{32}\n$/)
        const noted = await run('context-add-note', '--group', one, '--content', 'remember to do X')
        expect(noted.stdout).toContain(dialect === 'A' ? 'note.add:' : 'coordination.note.add:')
        const profiles = await run('profiles', '--group', one)
        expect(profiles.stdout).toContain('secrets: ')
        expect(profiles.stdout + profiles.stderr).not.toContain('sk-example')
        expect(simulator.ledger.bare).toBe(0)
      })
    },
  )

  test('stream prints events, also across a restart of the daemon', async () => {
    await withDaemon('B', async ({ simulator, client, groups: [group], start }) => {
      const child = start('stream', '--group', group)
      const text = await until(child, 'after the restart', async () => {
        await expect.poll(() => simulator.subscribers, { timeout: 30_000 }).toBe(1)
        await client.messages.send({ groupId: group, text: 'before the restart', to: ['user'] })
        await expect.poll(() => simulator.ledger.requests.some(({ op }) => op === 'events_stream')).toBe(true)
        simulator.restart()
        await client.messages.send({ groupId: group, text: 'after the restart', to: ['user'] })
      })
      expect(text).toContain('before the restart')
    })
  })

  test('auto-ack-attention acknowledges messages, and reports on dialect C that none can be acknowledged', async () => {
    await withDaemon('B', async ({ simulator, client, groups: [groupId], start }) => {
      const child = start('auto-ack-attention', '--group', groupId, '--actor', 'user')
      await until(child, 'acknowledged', () =>
        client.messages.send({ groupId, text: 'look', to: ['user'], by: 'lead', priority: 'attention' }),
      )
      expect(simulator.events(groupId).filter(({ kind }) => kind === 'chat.ack')).toHaveLength(1)
    })
    await withDaemon('C', async ({ groups: [groupId], run }) => {
      const refused = await run('auto-ack-attention', '--group', groupId)
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('it has no chat_ack')
    })
  })
})
