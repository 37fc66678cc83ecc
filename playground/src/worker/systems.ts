/** The simulated systems of the demo, and the sources over them. */
import { acpSource } from 'signalbox/acp'
import { createCcc } from 'signalbox/ccc'
import { createCccc } from 'signalbox/cccc'
import { createClaude } from 'signalbox/claude'
import { createCmdop } from 'signalbox/cmdop'
import { cccSource, ccccSource, claudeSource, cmdopSource, type Source } from 'signalbox/hub'
import {
  createAcpAgentSimulator,
  createCatsyphonSimulator,
  createCccSimulator,
  createCcccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
  createCmdopRelaySimulator,
  type AcpAgentSimulator,
  type CatsyphonSimulator,
  type CccSimulator,
  type CcccSimulator,
  type ClaudeSimulator,
  type CmdopCoreSimulator,
} from 'signalbox/testing'
import { createAcpScript } from './demo/acp-script.js'
import { claudeModel, demoFiles } from './demo/claude-model.js'
import type { Through } from './lab/lab.js'

/** The simulators, by system. */
export interface Systems {
  readonly ccc: CccSimulator
  readonly cccc: CcccSimulator
  readonly claude: ClaudeSimulator
  readonly cmdop: CmdopCoreSimulator
  readonly acp: AcpAgentSimulator
  readonly catsyphon: CatsyphonSimulator
  /** The group of the simulated CCCC daemon. */
  readonly groupId: string
}

/** The simulated relay shows every second machine as offline. */
const MACHINES = [
  { name: 'web-1', hostname: 'web-1.fra' },
  { name: 'spare-2', hostname: 'spare-2.ams' },
  { name: 'db-1', hostname: 'db-1.fra' },
]
const ACTORS = ['lead', 'tester', 'writer']

/** Starts the simulators and gives the sources for a hub. `through` wraps the transport of each system before its client gets it. */
export async function createSystems(
  through: Through = (_system, transport) => transport,
): Promise<{ readonly systems: Systems; readonly sources: readonly Source[] }> {
  const ccc = createCccSimulator({
    timeScale: 0.5,
    sessions: [
      { name: 'backend', path: '/srv/backend', running: true },
      { name: 'frontend', path: '/srv/frontend', running: true },
      { name: 'docs', path: '/srv/docs' },
    ],
  })
  const cccc = createCcccSimulator()
  const claude = createClaudeSimulator({ model: claudeModel, files: demoFiles() })
  const relay = createCmdopRelaySimulator({ machines: MACHINES.length })
  for (const [index, names] of MACHINES.entries()) Object.assign(relay.world.machines[index] ?? {}, names)
  const cmdop = createCmdopCoreSimulator({ relay })
  const acp = createAcpAgentSimulator({
    script: createAcpScript(),
    initialize: { agentInfo: { name: 'rail', title: 'Rail', version: '2.3.0' } },
  })
  const catsyphon = createCatsyphonSimulator()
  const ccccClient = createCccc({ transport: through('cccc', cccc.transport) })
  const created = await ccccClient.groups.create({ title: 'Release train' })
  const groupId = String(created.group_id)
  for (const actorId of ACTORS) await ccccClient.actors.add({ groupId, actorId, title: actorId, runtime: 'claude' })
  await ccccClient.call('attach', { path: '/srv/release', group_id: groupId })
  await ccccClient.groups.start({ groupId })
  const sources = [
    claudeSource({
      client: createClaude({ transport: through('claude', claude.transport) }),
      agents: [
        { name: 'review', options: { model: 'claude-sonnet-4-5', cwd: '/srv/backend' } },
        { name: 'refactor', options: { model: 'claude-opus-4-1', cwd: '/srv/frontend' } },
      ],
    }),
    acpSource({ transport: through('acp', acp.transport), agent: 'rail', cwd: '/srv/backend' }),
    cccSource({ client: createCcc({ transport: through('ccc', ccc.transport) }), pollMs: 400, sessionsEveryMs: 3_000 }),
    ccccSource({ client: ccccClient, answerWithinMs: 60_000 }),
    cmdopSource({ client: createCmdop({ transport: through('cmdop', cmdop.transport) }) }),
  ]
  return { systems: { ccc, cccc, claude, cmdop, acp, catsyphon, groupId }, sources }
}
