/** The hub over real peers: the same suite as over the simulators. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { createClaude } from '../../src/claude/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { ccccSource, claudeSource, cmdopSource } from '../../src/hub/index.js'
import { createCmdopRelaySimulator } from '../../src/testing/index.js'
import { sourceSuite } from '../../src/testing/hub/index.js'
import { ccccDaemon, claudeProcess, cmdopCore } from '../../transports/node/index.js'
import { imitateMessagesApi, type Imitation } from '../claude/messages-api.js'
import { CORE_V2, installedCore } from '../cmdop/real-core.js'
import { serveRelay } from '../cmdop/relay-server.js'
import { registerCases } from '../register-cases.js'
import { install, RELEASES, startDaemon } from './cccc/daemon.js'

const folder = process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers'
const cli = join(folder, `claude/2.1.329/node_modules/@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}/claude`)

// The peer test of Claude installs it.
describe.skipIf(!existsSync(cli))('Claude Code 2.1.329', () => {
  let api: Imitation
  let home: string
  beforeAll(async () => {
    api = await imitateMessagesApi()
    home = mkdtempSync(join(tmpdir(), 'signalbox-hub-peer-'))
    mkdirSync(join(home, 'work'))
  })
  afterAll(async () => {
    await api.close()
    rmSync(home, { recursive: true, force: true })
  })
  registerCases(sourceSuite, async (run) => {
    const transport = claudeProcess({
      path: cli,
      cwd: join(home, 'work'),
      inherit: { drop: ['ANTHROPIC_*', 'CLAUDE_*', 'HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'] },
      env: {
        HOME: home,
        CLAUDE_CONFIG_DIR: join(home, '.claude'),
        ANTHROPIC_API_KEY: 'sk-ant-imitation-key',
        ANTHROPIC_BASE_URL: api.url,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_ERROR_REPORTING: '1',
        DISABLE_AUTOUPDATER: '1',
        IS_SANDBOX: '1',
      },
    })
    await using client = createClaude({ transport })
    await run({
      source: claudeSource({ client, agents: [{ name: 'review' }] }),
      agent: 'claude/review',
      prompt: { text: 'FAKE:multi:', answer: 'First block. Second block.' },
      asking: { text: `FAKE:write:${join(home, 'work', 'out.txt')}`, answer: () => ({ option: 'allow' }) },
      lasting: 'FAKE:slow:500',
    })
  })
})

const releases = RELEASES.filter(
  ({ name, implementation }) => name !== '0.4.2' && (name !== '0.4.35' || implementation === 'python'),
)

describe.each(releases)('CCCC $name $implementation', (release) => {
  registerCases(sourceSuite, async (run) => {
    await install(release)
    await using daemon = await startDaemon(release)
    await using client = createCccc({ transport: ccccDaemon({ home: daemon.home }) })
    const { group_id: groupId } = await client.groups.create({ title: 'team' })
    await client.groups.attach({ path: daemon.projectPath, groupId })
    // The newest daemon chooses the runner itself.
    const runner = release.asksForeman ? {} : ({ runner: 'headless' } as const)
    await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', command: ['sleep', '1000'], ...runner })
    await using said = await client.events({ groupId, kinds: ['chat.message'] })
    const answering = (async () => {
      for await (const item of said) {
        if (item.type !== 'event' || item.event.by === 'lead') continue
        const text = `lead says: ${String(item.event.data.text)}`
        await client.messages.reply({ groupId, replyTo: item.event.id, by: 'lead', text })
      }
    })()
    answering.catch(() => {})
    await run({
      source: ccccSource({ client, groupsEveryMs: 500 }),
      agent: `cccc/${groupId}:lead`,
      prompt: { text: 'are you there?', answer: 'lead says: are you there?' },
    })
    await said.close()
    await answering.catch(() => {})
  })
})

describe.each(['1.1.1', CORE_V2] as const)('CMDOP core %s', (version) => {
  registerCases(sourceSuite, async (run) => {
    const generation = version === CORE_V2 ? 2 : 1
    const relay = createCmdopRelaySimulator({ generation })
    await using server = await serveRelay(relay)
    const transport = cmdopCore({ binaryPath: await installedCore(version), env: {} })
    await using client = createCmdop({ transport, token: 't-right', baseUrl: server.url, apiBaseUrl: server.url })
    const { items } = await client.machines.list()
    await run({
      source: cmdopSource({ client }),
      agent: `cmdop/${items[0]?.id ?? ''}`,
      prompt: { text: '[[say one ]][[say two]]', answer: 'one two' },
      // The protocol of 2.0 has no questions.
      ...(generation === 1
        ? { asking: { text: '[[confirm wipe the disk]][[say done]]', answer: () => ({ accept: true }) as const } }
        : {}),
    })
  })
})
