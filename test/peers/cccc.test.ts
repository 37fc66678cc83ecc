/** The client against real daemons: the conformance suite, the race at the start of a stream, and what a crash leaves behind. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { ccccDaemon, discoverCccc, listenTcp } from '../../transports/node/index.js'
import { cases } from '../conformance/cccc.js'
import { newGroup, readTexts, textOf, type CcccContext } from '../conformance/cccc/context.js'
import { RELEASES, startDaemon, startWebPort, type RunningDaemon } from './cccc/daemon.js'
import { ccccWebPort } from '../../src/cccc/web/index.js'
import { fetchExchange } from '../../transports/web/index.js'

const RACE_ROUNDS = 60

describe.each(RELEASES)('the daemon $name ($implementation)', (release) => {
  let daemon: RunningDaemon
  const context = (rounds: number): CcccContext => ({
    transport: ccccDaemon({ home: daemon.home }),
    dialect: release.dialect,
    implementation: release.implementation,
    streams: release.streams,
    projectPath: daemon.projectPath,
    rounds,
  })
  beforeAll(async () => {
    daemon = await startDaemon(release)
  })
  afterAll(() => daemon?.[Symbol.asyncDispose]())

  for (const { id, title, skip, run } of cases) {
    test(`${title} [${id}]`, async ({ skip: leaveOut }) => {
      const why = skip?.(context(5))
      if (why !== undefined) leaveOut(why)
      await run(context(release.streams ? 5 : 2))
    })
  }

  test.runIf(release.streams)(
    `${RACE_ROUNDS} rounds of sending right after the handshake lose and double nothing [cccc.race-60]`,
    async () => {
      await using client = createCccc({ transport: ccccDaemon({ home: daemon.home }) })
      const groupId = await newGroup(context(1), client)
      const seen = new Map<string, number>()
      for (let round = 0; round < RACE_ROUNDS; round += 1) {
        await using stream = await client.events({ groupId, kinds: ['chat.message'] })
        await client.messages.send({ groupId, text: `round ${round}`, to: ['user'] })
        await client.messages.send({ groupId, text: `end ${round}`, to: ['user'] })
        for (const text of await readTexts(stream, 2)) seen.set(text, (seen.get(text) ?? 0) + 1)
      }
      expect(seen.size).toBe(2 * RACE_ROUNDS)
      expect([...seen.values()].every((times) => times === 1)).toBe(true)
    },
  )

  test('killed and started again under a sender and a reader, every event comes once or a gap is said [cccc.kill-restart]', async () => {
    await using client = createCccc({ transport: ccccDaemon({ home: daemon.home }) })
    const groupId = await newGroup(context(1), client)
    await using stream = await client.events(
      { groupId, kinds: ['chat.message'] },
      { backoff: { baseMs: 50, maxMs: 500 }, pollMs: 200 },
    )
    const stored: string[] = []
    let unknown = 0
    let killing: Promise<void> = Promise.resolve()
    const send = async (text: string): Promise<void> => {
      for (;;) {
        try {
          stored.push((await client.messages.send({ groupId, text, to: ['user'] })).event.id)
          return
        } catch (error) {
          // A call that failed is repeated only when it had no effect for certain.
          if ((error as { sent?: string }).sent !== 'no') {
            unknown += 1
            return
          }
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      }
    }
    const sending = (async () => {
      for (let index = 0; index < 60; index += 1) {
        // While the sender goes on.
        if (index === 15 || index === 35) {
          await killing
          killing = daemon.kill().then(() => daemon.start())
        }
        await send(`message ${index}`)
      }
      await killing
      await send('the end')
    })()
    const ids: string[] = []
    const texts: string[] = []
    let gaps = 0
    for await (const item of stream) {
      if (item.type === 'gap') gaps += 1
      else {
        ids.push(item.event.id)
        texts.push(textOf(item.event))
      }
      if (item.type === 'event' && textOf(item.event) === 'the end') break
    }
    await sending
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(texts).size).toBe(texts.length)
    if (gaps === 0) expect(stored.filter((id) => !ids.includes(id))).toEqual([])
    console.log(
      `${release.name} ${release.implementation}: ${stored.length} stored, ${ids.length} seen, ${gaps} gaps, ${unknown} unknown outcomes`,
    )
  })
})

describe('the web port of 0.4.3', () => {
  test('carries calls and the whole ledger of a group, and says what it has no route for [cccc.web-real]', async () => {
    const release = RELEASES.find(({ name }) => name === '0.4.3')
    if (!release) throw new Error('the release is not in the list')
    await using daemon = await startDaemon(release)
    await using port = await startWebPort(daemon)
    await using client = createCccc({ transport: ccccWebPort({ exchange: fetchExchange({ baseUrl: port.url }) }) })
    expect((await client.describe()).dialect).toBe('B')
    const { group_id: groupId } = await client.groups.create({ title: 'web' })
    await client.groups.attach({ path: daemon.projectPath, groupId })
    await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', command: ['sh', '-c', 'echo "a b"; cat'] })
    const { actors } = await client.actors.list({ groupId })
    expect(actors).toMatchObject([{ id: 'lead', command: ['sh', '-c', 'echo "a b"; cat'] }])
    await using stream = await client.events({ groupId, kinds: ['chat.message', 'context.sync'] })
    await client.messages.send({ groupId, text: 'over http', to: ['user'] })
    expect((await client.context.addNote({ groupId, content: 'noted' })).op).toBe('coordination.note.add')
    const { event } = await client.messages.send({ groupId, text: 'look', to: ['user'], by: 'lead', priority: 'attention' })
    expect((await client.messages.ack({ groupId, actorId: 'user', eventId: event.id })).already).toBe(false)
    const seen: string[] = []
    for await (const item of stream) {
      seen.push(item.type === 'event' ? item.event.kind : 'gap')
      if (seen.length === 3) break
    }
    expect(seen).toEqual(['chat.message', 'context.sync', 'chat.message'])
    await expect(client.groups.use({ groupId, path: daemon.projectPath })).rejects.toMatchObject({
      code: 'unsupported',
      sent: 'no',
    })
  })
})

describe('two homes on one TCP port', () => {
  test('a crashed daemon’s client refuses the other one at its port, and finds its own again on another [cccc.tcp-real]', async () => {
    const release = RELEASES.find(({ name }) => name === '0.4.3')
    if (!release) throw new Error('the release is not in the list')
    const onTcp = async (): Promise<Record<string, string>> => {
      const free = await listenTcp()
      await free[Symbol.asyncDispose]()
      return { CCCC_DAEMON_TRANSPORT: 'tcp', CCCC_DAEMON_PORT: String(free.port) }
    }
    const port = (await onTcp()).CCCC_DAEMON_PORT ?? ''
    await using first = await startDaemon(release, { CCCC_DAEMON_TRANSPORT: 'tcp', CCCC_DAEMON_PORT: port })
    await using client = createCccc({ transport: ccccDaemon({ home: first.home }) })
    const { pid } = await client.call('ping')
    await first.kill()
    await using second = await startDaemon(release, await onTcp())
    // The system keeps the dead daemon's port for a minute, so its descriptor is made to name the other's.
    const descriptor = join(first.home, 'daemon', 'ccccd.addr.json')
    const taken = await discoverCccc({ home: second.home })
    const stale = (await readFile(descriptor, 'utf8')).replace(port, taken.transport === 'tcp' ? String(taken.port) : '')
    await writeFile(descriptor, stale)
    await using other = createCccc({ transport: ccccDaemon({ home: second.home }) })
    expect((await other.call('ping')).pid).not.toBe(pid)
    await expect(client.groups.create({ title: 'lost its way' })).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    expect((await other.groups.list()).groups).toEqual([])
    // The daemon itself would take the other one for its own and leave.
    await rm(descriptor)
    await first.start(await onTcp())
    expect((await client.groups.create({ title: 'home again' })).group_id).toMatch(/^g_/)
    expect((await other.groups.list()).groups).toEqual([])
  })
})
