/** The client against real daemons: the conformance suite, the race at the start of a stream, and what a crash leaves behind. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { ccccDaemon, discoverCccc, listenTcp, nodeWebSocket } from '../../transports/node/index.js'
import { cases } from '../conformance/cccc.js'
import { newGroup, readTexts, textOf, type CcccContext } from '../conformance/cccc/context.js'
import { adminToken, RELEASES, startDaemon, startWebPort, type RunningDaemon } from './cccc/daemon.js'
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
    asksForeman: release.asksForeman ?? false,
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

  test('common results pass validate: strict [cccc.shapes-real]', async () => {
    await using client = createCccc({ transport: ccccDaemon({ home: daemon.home }), validate: 'strict' })
    const groupId = await newGroup(context(1), client)
    await client.groups.list()
    await client.groups.show({ groupId })
    await client.groups.setState({ groupId, state: 'active' })
    await client.actors.list({ groupId })
    await client.context.get({ groupId })
    await client.context.taskList({ groupId })
    await client.ledger.compact({ groupId })
    if (release.dialect !== 'A') {
      await client.capabilities.overview()
      await client.capabilities.state({ groupId, actorId: 'lead' })
      await client.capabilities.search({ groupId, actorId: 'lead' })
    }
    await client.groups.stop({ groupId })
    await client.groups.delete({ groupId })
  })

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

  test('killed and restarted during sends and reads, every event arrives once or a gap is reported [cccc.kill-restart]', async () => {
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
        // The daemon is killed and started again while messages are sent.
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

describe('one home', () => {
  test('upgraded from 0.4.3 to the newest and back gets requests in the dialect of the current daemon [cccc.upgrade-real]', async () => {
    const [old, newest] = ['0.4.3', 'newest'].map((name) => RELEASES.find((release) => release.name === name))
    if (!old || !newest) throw new Error('the releases are not in the list')
    await using first = await startDaemon(old)
    await using client = createCccc({ transport: ccccDaemon({ home: first.home }) })
    const { group_id: groupId } = await client.groups.create({ title: 'upgrade' })
    const send = () => client.messages.send({ groupId, text: 'look', to: ['user'], by: 'system', priority: 'attention' })
    expect(await send()).toMatchObject({ dialect: 'B', dropped: [], event: { data: { priority: 'attention' } } })
    await first.kill()
    {
      await using second = await startDaemon(newest, {}, first)
      expect(second.home).toBe(first.home)
      expect(await send()).toMatchObject({ dialect: 'C', dropped: ['attention'], event: { data: { message_mode: 'send' } } })
      expect((await client.inbox.list({ groupId, actorId: 'user' })).source).toBe('message_history')
    }
    await first.start()
    expect((await client.inbox.list({ groupId, actorId: 'user' })).source).toBe('inbox_list')
    expect(await send()).toMatchObject({ dialect: 'B', dropped: [], event: { data: { priority: 'attention' } } })
  })
})

describe('the web port of 0.4.3', () => {
  test('carries calls and the whole ledger of a group, and fails for an op without a route [cccc.web-real]', async () => {
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

describe.each(RELEASES.filter(({ name, implementation }) => name !== '0.4.2' && !(name === '0.4.35' && implementation === 'rust')))(
  'the web port of $name ($implementation), behind its token',
  (release) => {
    test('refuses requests without the token, and carries calls, the stream and a terminal with it [cccc.web-token-real]', async () => {
      await using daemon = await startDaemon(release)
      await using port = await startWebPort(daemon)
      const token = await adminToken(daemon, port.url)
      const headers = { authorization: `Bearer ${token}` }
      const connect = async (signedIn: boolean) => {
        const own = signedIn ? { headers } : {}
        const terminals = { url: port.url, webSocket: await nodeWebSocket(own) }
        return createCccc({ transport: ccccWebPort({ exchange: fetchExchange({ baseUrl: port.url, ...own }), terminals }) })
      }
      await using client = await connect(true)
      expect((await client.describe()).dialect).toBe(release.dialect)
      const { group_id: groupId } = await client.groups.create({ title: 'behind a token' })
      await client.groups.attach({ path: daemon.projectPath, groupId })
      const actor = { groupId, actorId: 'sh' }
      await client.actors.add({ ...actor, runtime: 'custom', command: ['sh', '-c', 'cat'] })
      await client.actors.start(actor)
      await using stream = await client.events({ groupId, kinds: ['chat.message'] })
      await client.messages.send({ groupId, text: 'over http', to: ['user'] })
      expect(await readTexts(stream, 1)).toEqual(['over http'])

      await using terminal = await client.terminal.attach(actor)
      expect(terminal.handshake).toMatchObject({ group_id: groupId, actor_id: 'sh' })
      await client.terminal.resize({ ...actor, cols: 100, rows: 30 })
      const utf8 = new TextDecoder()
      await terminal.link.write(new TextEncoder().encode('zw\u00f6lf\r'))
      let seen = ''
      // The word comes twice: as the echo of the terminal, and as the output of the program.
      while (seen.split('zw\u00f6lf').length < 3) {
        const chunk = await terminal.link.read()
        if (chunk === null) break
        seen += utf8.decode(chunk, { stream: true })
      }
      expect(seen.split('zw\u00f6lf').length).toBeGreaterThan(2)
      const missing = await client.terminal.attach({ groupId, actorId: 'nobody' }).catch((error: unknown) => error)
      expect(missing).toMatchObject({ name: 'DaemonAPIError', op: 'term_attach' })

      // The Rust daemon accepts this machine without a token.
      if (release.implementation === 'rust') return
      await using stranger = await connect(false)
      await expect(stranger.groups.list()).rejects.toMatchObject({ code: 'unauthenticated' })
      // If the routes can be read without a token, only the terminal is refused.
      const code = release.dialect === 'C' ? 'permission_denied' : 'unauthenticated'
      await expect(stranger.terminal.attach(actor)).rejects.toMatchObject({ code })
    })
  },
)

describe('two homes on one TCP port', () => {
  test('the client of a crashed daemon refuses the other daemon at its port, and finds its own daemon on another port [cccc.tcp-real]', async () => {
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
    // The port of the dead daemon stays reserved for a minute. So its descriptor is changed to name the port of the other daemon.
    const descriptor = join(first.home, 'daemon', 'ccccd.addr.json')
    const taken = await discoverCccc({ home: second.home })
    const stale = (await readFile(descriptor, 'utf8')).replace(port, taken.transport === 'tcp' ? String(taken.port) : '')
    await writeFile(descriptor, stale)
    await using other = createCccc({ transport: ccccDaemon({ home: second.home }) })
    expect((await other.call('ping')).pid).not.toBe(pid)
    await expect(client.groups.create({ title: 'lost its way' })).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    expect((await other.groups.list()).groups).toEqual([])
    // The daemon would mistake the other daemon for its own and exit.
    await rm(descriptor)
    await first.start(await onTcp())
    expect((await client.groups.create({ title: 'home again' })).group_id).toMatch(/^g_/)
    expect((await other.groups.list()).groups).toEqual([])
  })
})
