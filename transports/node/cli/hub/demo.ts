/** Simulated agents of every system, for `signalbox up --demo` and for a machine without any. */
import { acpSource } from '../../../../src/acp/index.js'
import { createCcc } from '../../../../src/ccc/index.js'
import { createCccc } from '../../../../src/cccc/index.js'
import { createClaude } from '../../../../src/claude/index.js'
import { createCmdop } from '../../../../src/cmdop/index.js'
import { cccSource, ccccSource, claudeSource, cmdopSource } from '../../../../src/hub/index.js'
import {
  createAcpAgentSimulator,
  createCccSimulator,
  createCcccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
} from '../../../../src/testing/index.js'
import type { OpenedSources } from './sources.js'

/** Sources over simulators. They need no network and no installation. */
export async function demoSources(): Promise<OpenedSources> {
  const ccc = createCccSimulator({
    timeScale: 0.05,
    sessions: [
      { name: 'backend', path: '/demo/backend', running: true },
      { name: 'frontend', path: '/demo/frontend', running: true },
    ],
  })
  const cccc = createCcccSimulator()
  const clients = {
    ccc: createCcc({ transport: ccc.transport }),
    cccc: createCccc({ transport: cccc.transport }),
    claude: createClaude({ transport: createClaudeSimulator().transport }),
    cmdop: createCmdop({ transport: createCmdopCoreSimulator().transport }),
  }
  await clients.cccc.groups.create({ title: 'Release train' })
  return {
    sources: [
      cccSource({ client: clients.ccc, pollMs: 500 }),
      ccccSource({ client: clients.cccc }),
      claudeSource({ client: clients.claude }),
      cmdopSource({ client: clients.cmdop }),
      acpSource({ transport: createAcpAgentSimulator().transport, cwd: '/demo' }),
    ],
    async close() {
      await Promise.allSettled(Object.values(clients).map((client) => client.close()))
      await ccc.stop()
    },
  }
}
