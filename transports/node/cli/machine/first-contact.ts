/** One call to each simulated system over the transport that the real one uses. Shows that this installation works. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCatsyphon } from '../../../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../../../src/catsyphon/outbox/index.js'
import { createCcc } from '../../../../src/ccc/index.js'
import { createCccc } from '../../../../src/cccc/index.js'
import { createClaude } from '../../../../src/claude/index.js'
import { createCmdop } from '../../../../src/cmdop/index.js'
import { hubPolicy } from '../../../../src/gateway/policy/hub.js'
import { createHub, createHubClient, serveHub, type Hub } from '../../../../src/hub/index.js'
import { createCatsyphonSimulator, createCccSimulator, createCcccSimulator, memoryServer } from '../../../../src/testing/index.js'
import type { Listener } from '../../../../src/transport.js'
import { gateway } from '../../../web/gateway.js'
import { cccSocket } from '../../ccc/index.js'
import { claudeProcess } from '../../claude/process.js'
import { cmdopCore } from '../../cmdop/core-process.js'
import { serveGateway } from '../../gateway/serve.js'
import { demoSources } from '../hub/demo.js'
import { listenTcp, listenUnix } from '../../link/listen.js'
import { tcpSocket } from '../../link/socket.js'
import { nodeWebSocket } from '../../link/web-socket.js'
import type { Terminal } from '../terminal/terminal.js'
import { styleOf, table } from '../terminal/style.js'
import { executableOf } from './simulators.js'

type Contact = (folder: string) => Promise<string>

const CONTACTS: Readonly<Record<string, Contact>> = {
  ccc: async (folder) => {
    const path = join(folder, 'ccc.sock')
    const server = createCccSimulator({ timeScale: 0.01, sessions: [{ name: 'demo', path: '/demo', running: true }] })
    void server.listen(await listenUnix({ path }))
    const client = createCcc({ transport: cccSocket({ path }) })
    try {
      const answer = await client.ask({ session: 'demo', text: 'Which tests fail?' })
      return `ask over a unix socket: ${answer.outcome}`
    } finally {
      await client.close()
      await server.stop()
    }
  },
  cccc: async () => {
    const daemon = createCcccSimulator()
    const listener = await listenTcp()
    void daemon.listen(listener)
    const client = createCccc({ transport: tcpSocket({ host: '127.0.0.1', port: listener.port }) })
    try {
      await client.groups.create({ title: 'demo' })
      const { groups } = await client.groups.list()
      return `${groups.length} group over TCP`
    } finally {
      await client.close()
      await listener[Symbol.asyncDispose]()
      await daemon[Symbol.asyncDispose]()
    }
  },
  claude: async () => {
    const path = executableOf('claude')
    const client = createClaude({ transport: claudeProcess({ path, env: { ANTHROPIC_API_KEY: 'sk-ant-simulated' } }) })
    try {
      return `a child process said: ${(await client.querySimple('FAKE:bash:echo hello')).split('\n', 1)[0]}`
    } finally {
      await client.close()
    }
  },
  cmdop: async () => {
    const args = [executableOf('cmdop')]
    const transport = cmdopCore({ binaryPath: process.execPath, args, env: { CMDOP_TOKEN: 't-simulated' } })
    const client = createCmdop({ transport })
    try {
      return `a core as a child process lists ${(await client.machines.list()).items.length} machines`
    } finally {
      await client.close()
    }
  },
  catsyphon: async () => {
    const server = createCatsyphonSimulator()
    const { id, key } = server.register()
    const client = await createCatsyphon({ transport: server.transport, collectorId: id, apiKey: key, outbox: catsyphonOutbox() })
    try {
      await client.withSession('demo', async (session) => {
        await session.start({ agentType: 'demo', agentVersion: '1' })
        await session.message({ role: 'user', content: 'hello' })
      })
      return 'one session recorded'
    } finally {
      await client.close()
    }
  },
  gateway: async () => {
    const { sources, close } = await demoSources()
    const hub = await createHub({ sources })
    const memory = memoryServer()
    void serveLinks(memory, hub)
    const upstream = { kind: 'stream', system: 'hub', transport: memory.transport, policy: hubPolicy } as const
    const served = await serveGateway({ upstreams: { hub: upstream }, scopes: ['observe'] })
    const client = createHubClient({
      transport: gateway(served.url, { token: served.token, webSocket: await nodeWebSocket() }).stream('hub', 'link'),
    })
    try {
      return `the hub lists ${(await client.agents()).length} agents through a WebSocket`
    } finally {
      await client.close()
      await served.close()
      await hub.close()
      await close()
    }
  },
}

async function serveLinks(server: Listener, hub: Hub): Promise<void> {
  for await (const link of server.accept()) void serveHub(hub, link)
}

/** Prints one row for each system and gives the exit code. */
export async function firstContact(terminal: Terminal, json: boolean): Promise<number> {
  const { green, red } = styleOf(terminal)
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-'))
  const results: { system: string; ok: boolean; detail: string }[] = []
  for (const [system, contact] of Object.entries(CONTACTS)) {
    try {
      results.push({ system, ok: true, detail: await contact(folder) })
    } catch (error) {
      results.push({ system, ok: false, detail: error instanceof Error ? error.message : String(error) })
    }
  }
  await rm(folder, { recursive: true, force: true })
  if (json) terminal.out(`${JSON.stringify(results, null, 2)}\n`)
  else
    terminal.out(
      `${table(
        results.map(({ system, ok, detail }) => [system, ok ? green('ok') : red('failed'), detail]),
        10_000,
      )}\n`,
    )
  return results.every(({ ok }) => ok) ? 0 : 1
}
