// One real call to each of the five systems, simulated, and to all of them through a gateway.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catsyphonOutbox, createCatsyphon } from 'signalbox/catsyphon'
import { createCcc } from 'signalbox/ccc'
import { createCccc } from 'signalbox/cccc'
import { createClaude } from 'signalbox/claude'
import { createCmdop } from 'signalbox/cmdop'
import {
  cccSocket,
  claudeProcess,
  cmdopCore,
  fileStore,
  listenTcp,
  listenUnix,
  nodeWebSocket,
  serveGateway,
  tcpSocket,
} from 'signalbox/node'
import { createCatsyphonSimulator, createCccSimulator, createCcccSimulator } from 'signalbox/testing'
import { gateway } from 'signalbox/web'
import { simulatedUpstreams } from '../world.mjs'

export const systemContacts = (folder) => ({
  'CCC, a unix socket': async () => {
    const path = join(folder, 'ccc.sock')
    const server = createCccSimulator({
      timeScale: 0.01,
      sessions: [{ name: 'myproject', path: '/home/dev/myproject', running: true }],
    })
    void server.listen(await listenUnix({ path }))
    const client = createCcc({ transport: cccSocket({ path }) })
    const { outcome, attribution } = await client.ask({ session: 'myproject', text: 'What tests are failing?' })
    await client[Symbol.asyncDispose]()
    await server.stop()
    return `ask: ${outcome}, the answer is its ${attribution}`
  },
  'CCCC, a TCP socket': async () => {
    const daemon = createCcccSimulator()
    const listener = await listenTcp()
    void daemon.listen(listener)
    const client = createCccc({ transport: tcpSocket({ host: '127.0.0.1', port: listener.port }) })
    const { group_id: groupId } = await client.groups.create({ title: 'First contact' })
    const events = await client.events({ groupId })
    await client.messages.send({ groupId, to: ['user'], text: 'hello' })
    let heard
    for await (const item of events) {
      if (item.type !== 'event' || item.event.kind !== 'chat.message') continue
      heard = item.event.data.text
      break
    }
    await client.close()
    await listener[Symbol.asyncDispose]()
    await daemon[Symbol.asyncDispose]()
    return `the stream heard ${JSON.stringify(heard)}`
  },
  'Claude Code, a child': async () => {
    const path = fileURLToPath(import.meta.resolve('signalbox/testing/fake-claude'))
    const client = createClaude({ transport: claudeProcess({ path, env: { ANTHROPIC_API_KEY: 'sk-ant-simulated' } }) })
    const answer = await client.querySimple('FAKE:bash:echo hello')
    await client[Symbol.asyncDispose]()
    return `said ${JSON.stringify(answer.split('\n', 1)[0])}`
  },
  'CatSyphon, a durable outbox': async () => {
    const server = createCatsyphonSimulator()
    const { id, key } = server.register()
    const store = fileStore({ directory: join(folder, 'outbox') })
    const outbox = catsyphonOutbox({ store })
    const client = await createCatsyphon({ transport: server.transport, collectorId: id, apiKey: key, outbox })
    const report = await client.withSession('first-contact', async (session) => {
      await session.start({ agentType: 'first-contact', agentVersion: '1' })
      await session.message({ role: 'user', content: 'hello' })
      return await session.flush()
    })
    await client.close()
    await store[Symbol.asyncDispose]()
    return `session recorded${report?.ambiguous ? `, ${report.ambiguous} ambiguous` : ''}`
  },
  'CMDOP, a core as a child': async () => {
    const path = fileURLToPath(import.meta.resolve('signalbox/testing/fake-cmdop'))
    const transport = cmdopCore({ binaryPath: process.execPath, args: [path], env: { CMDOP_TOKEN: 't-simulated' } })
    const client = createCmdop({ transport })
    const { items } = await client.machines.list()
    await client[Symbol.asyncDispose]()
    return `${items.length} machines`
  },
  'all five, through a gateway': async () => {
    const served = await serveGateway({ upstreams: await simulatedUpstreams(), scopes: ['observe'] })
    const client = gateway(served.url, { token: served.token, webSocket: await nodeWebSocket() })
    const ccc = createCcc({ transport: client.ccc() })
    const sessions = await ccc.sessions()
    await ccc[Symbol.asyncDispose]()
    const { upstreams } = await client.session()
    await served.close()
    return `lists ${upstreams.map(({ name }) => name).join(', ')}; ${sessions.length} CCC sessions`
  },
})
