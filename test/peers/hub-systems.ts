/** Every real system that installs, as an agent that the script and the source suite can use. Each is installed at its first use. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { acpSource } from '../../src/acp/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { createClaude } from '../../src/claude/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { ccccSource, claudeSource, cmdopSource } from '../../src/hub/index.js'
import { createCmdopRelaySimulator } from '../../src/testing/index.js'
import { acpProcess } from '../../transports/node/acp/process.js'
import { ccccDaemon, cmdopCore } from '../../transports/node/index.js'
import { CORE_V2, installedCore, type CoreVersion } from '../cmdop/real-core.js'
import { serveRelay } from '../cmdop/relay-server.js'
import { replyAsLead } from '../conformance/cccc-replies.js'
import type { ScriptedAgent, ScriptedSystem } from '../conformance/hub.js'
import { install, startDaemon, type Release } from './cccc/daemon.js'
import { installed, peerHome, type PEERS } from './claude-cli.js'

const folder = process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers'

/** The real Claude Code CLI. Its model is a local imitation of the Messages API. */
export const claudeCli = (peer: (typeof PEERS)[number]): ScriptedSystem => ({
  cannot: ['history'],
  async open() {
    const path = await installed(peer)
    if (path === undefined) throw new Error(`There is not enough room on the disk for Claude Code ${peer.version}.`)
    const place = await peerHome()
    const client = createClaude({ transport: place.transport(path) })
    return {
      source: claudeSource({ client, agents: [{ name: 'review' }] }),
      agent: 'claude/review',
      prompt: { text: 'FAKE:multi:', answer: 'First block. Second block.' },
      asking: { text: `FAKE:write:${join(place.work, 'out.txt')}`, answer: { option: 'allow' } },
      lasting: 'FAKE:slow:500',
      async close() {
        await client.close()
        await place.close()
      },
    }
  },
})

/** A real CCCC daemon with one actor, whose replies come from a client beside the hub. */
export const cccc = (release: Release): ScriptedSystem => ({
  cannot: ['answer', 'cancel', 'history'],
  async open() {
    await install(release)
    const daemon = await startDaemon(release)
    const client = createCccc({ transport: ccccDaemon({ home: daemon.home }) })
    const { group_id: groupId } = await client.groups.create({ title: 'team' })
    await client.groups.attach({ path: daemon.projectPath, groupId })
    // The newest daemon chooses the runner itself.
    const runner = release.asksForeman ? {} : ({ runner: 'headless' } as const)
    await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', command: ['sleep', '1000'], ...runner })
    const stopReplies = await replyAsLead(client, groupId)
    return {
      source: ccccSource({ client, groupsEveryMs: 500 }),
      agent: `cccc/${groupId}:lead`,
      prompt: { text: 'are you there?', answer: 'lead says: are you there?' },
      async close() {
        await stopReplies()
        await client.close()
        await daemon[Symbol.asyncDispose]()
      },
    }
  },
})

/** A real CMDOP core in front of a simulated relay. */
export const cmdop = (version: CoreVersion): ScriptedSystem => {
  const generation = version === CORE_V2 ? 2 : 1
  return {
    // The protocol of 2.0 has no questions.
    cannot: generation === 2 ? ['answer', 'cancel'] : ['cancel'],
    async open() {
      const server = await serveRelay(createCmdopRelaySimulator({ generation }))
      const transport = cmdopCore({ binaryPath: await installedCore(version), env: {} })
      const client = createCmdop({ transport, token: 't-right', baseUrl: server.url, apiBaseUrl: server.url })
      const { items } = await client.machines.list()
      const asking = { text: '[[confirm wipe the disk]][[say done]]', answer: { accept: true } } as const
      return {
        source: cmdopSource({ client }),
        agent: `cmdop/${items[0]?.id ?? ''}`,
        prompt: { text: '[[say one ]][[say two]]', answer: 'one two' },
        ...(generation === 1 ? { asking } : {}),
        async close() {
          await client.close()
          await server[Symbol.asyncDispose]()
        },
      }
    },
  }
}

/** The version of `@agentclientprotocol/claude-agent-acp` that is installed. */
export const ACP_VERSION = '0.101.0'
/** The agent needs Node 22 or newer. */
const node = fileURLToPath(new URL('../runtimes/node_modules/node22/bin/node', import.meta.url))

async function installedAcpAgent(): Promise<string> {
  const place = join(folder, `acp-${ACP_VERSION}`)
  const program = join(place, 'node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js')
  if (existsSync(program)) return program
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'package.json'), '{"private":true}\n')
  const args = ['i', '--no-audit', '--no-fund', '--silent', `@agentclientprotocol/claude-agent-acp@${ACP_VERSION}`]
  await promisify(execFile)('npm', args, { cwd: place, timeout: 500_000 })
  return program
}

/** The ACP agent over the real Claude Code CLI. Without a mode this version starts in `auto`, which runs commands without asking. */
export const acpAgent: ScriptedSystem = {
  cannot: [],
  async open(): Promise<ScriptedAgent> {
    const program = await installedAcpAgent()
    const place = await peerHome()
    const transport = acpProcess({ command: node, args: [program], ...place.environment })
    return {
      source: acpSource({ transport, name: 'claude-acp', cwd: place.work, mode: 'default' }),
      agent: 'claude-acp/main',
      prompt: { text: 'FAKE:multi:', answer: 'First block. Second block.' },
      asking: { text: 'FAKE:bash:touch allowed.txt', answer: { accept: true } },
      lasting: 'FAKE:slow:500',
      close: place.close,
    }
  },
}
