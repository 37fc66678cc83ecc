/** Simulators of the five systems and of an ACP agent, with the sources of a hub over them. Needs no runtime of its own. */
import { acpSource } from '../../acp/index.js'
import { createCcc } from '../../ccc/index.js'
import { createCccc, type CcccClient } from '../../cccc/index.js'
import { createClaude } from '../../claude/index.js'
import { createCmdop } from '../../cmdop/index.js'
import { systemClock, type Clock } from '../../core/clock.js'
import { cccSource, ccccSource, claudeSource, cmdopSource, type Hub, type Source } from '../../hub/index.js'
import type { StreamTransport } from '../../transport.js'
import { createAcpAgentSimulator } from '../acp/agent.js'
import { createCccSimulator } from '../ccc/simulator.js'
import { createCcccSimulator } from '../cccc/simulator.js'
import { createClaudeSimulator } from '../claude/simulator.js'
import { createCmdopCoreSimulator } from '../cmdop/core.js'
import { runDemo, type DemoScheduleOptions } from './schedule.js'
import { DEMO_FILES, demoAcp, demoCcc, demoCmdop, demoModel } from './scripts.js'

/** The simulators of a demo, for faults and ledgers. */
export interface DemoSimulators {
  readonly ccc: ReturnType<typeof createCccSimulator>
  readonly cccc: ReturnType<typeof createCcccSimulator>
  readonly claude: ReturnType<typeof createClaudeSimulator>
  readonly cmdop: ReturnType<typeof createCmdopCoreSimulator>
  readonly acp: ReturnType<typeof createAcpAgentSimulator>
}

/** Options of `createDemo`. */
export interface DemoOptions {
  /** The clock of the simulators and the sources. Default: the system's clock. */
  readonly clock?: Clock
  /** Wraps the transport of each system, for example with `tap` or `withFaults`. */
  readonly wrap?: <Options>(system: keyof DemoSimulators, transport: StreamTransport<Options>) => StreamTransport<Options>
}

/** A demo that is ready to run. */
export interface Demo {
  /** For `createHub`. The hub closes them. */
  readonly sources: readonly Source[]
  readonly simulators: DemoSimulators
  /** Lets the agents work, ask and answer until the signal aborts. Never rejects. */
  live(hub: Hub, options: DemoScheduleOptions): Promise<void>
  /** Closes the clients and stops the simulators. Close the hub first. */
  close(): Promise<void>
}

/** A minute of a simulated CCC agent takes three seconds. */
const CCC_TIME_SCALE = 0.05

/** Creates the simulators, their clients and their sources. */
export async function createDemo({
  clock = systemClock,
  wrap = (_system, transport) => transport,
}: DemoOptions = {}): Promise<Demo> {
  const simulators: DemoSimulators = {
    ccc: createCccSimulator({
      clock,
      timeScale: CCC_TIME_SCALE,
      script: demoCcc,
      sessions: [
        { name: 'backend', path: '/demo/backend', running: true },
        { name: 'frontend', path: '/demo/frontend', running: true },
      ],
    }),
    cccc: createCcccSimulator({ clock }),
    claude: createClaudeSimulator({ clock, model: demoModel, files: new Map(DEMO_FILES) }),
    cmdop: createCmdopCoreSimulator({ relay: { script: demoCmdop } }),
    acp: createAcpAgentSimulator({ script: demoAcp(clock) }),
  }
  const ccc = createCcc({ transport: wrap('ccc', simulators.ccc.transport), clock })
  const cccc = createCccc({ transport: wrap('cccc', simulators.cccc.transport) })
  const claude = createClaude({ transport: wrap('claude', simulators.claude.transport) })
  const cmdop = createCmdop({ transport: wrap('cmdop', simulators.cmdop.transport) })
  const groupId = await makeGroup(cccc)
  return {
    sources: [
      cccSource({ client: ccc, pollMs: 500, clock }),
      ccccSource({ client: cccc, clock }),
      claudeSource({ client: claude, agents: [{ name: 'main' }, { name: 'review' }], clock }),
      cmdopSource({ client: cmdop, clock }),
      acpSource({ transport: wrap('acp', simulators.acp.transport), cwd: '/demo', clock }),
      // Agents of the schedule are often busy. This second agent leaves `acp/main` to the visitor.
      acpSource({ name: 'editor', agent: 'parser', transport: wrap('acp', simulators.acp.transport), cwd: '/demo/parser', clock }),
    ],
    simulators,
    live: async (hub, options) => {
      await Promise.all([runDemo(hub, { clock, ...options }), answerInGroup(cccc, groupId, options.signal)])
    },
    async close() {
      await Promise.allSettled([ccc, cccc, claude, cmdop].map((client) => client.close()))
      await simulators.ccc.stop()
    },
  }
}

async function makeGroup(cccc: CcccClient): Promise<string> {
  const { group_id: groupId } = await cccc.groups.create({ title: 'Release train' })
  for (const actorId of ['lead', 'tester']) {
    await cccc.actors.add({ groupId, actorId, runtime: 'custom', command: ['sleep', '1000'], runner: 'headless' })
  }
  return groupId
}

/** The lead answers messages to the group. Ends with the signal. */
async function answerInGroup(cccc: CcccClient, groupId: string, signal: AbortSignal): Promise<void> {
  try {
    const events = await cccc.events({ groupId, kinds: ['chat.message'] }, { signal })
    for await (const item of events) {
      if (item.type !== 'event' || item.event.by === 'lead' || item.event.by === 'tester') continue
      await cccc.messages.reply({
        groupId,
        replyTo: item.event.id,
        by: 'lead',
        text: 'The tests are green. I wait for the changelog.',
      })
    }
  } catch {
    // The demo ends, or its daemon was stopped by a visitor.
  }
}
