/** The simulated ACP agents of the demo. */
import { acpSource } from '../../acp/index.js'
import { createAcpAgentSimulator } from '../acp/agent.js'
import { createAcpScript } from './acp-script.js'
import type { DemoOptions, DemoSystem } from './system.js'

/** The agent `acp/main`. It repeats each prompt, and the scripted people leave it to the visitor. */
export function openAcp({ clock, wrap }: DemoOptions): DemoSystem {
  const { transport } = createAcpAgentSimulator()
  return { source: acpSource({ transport: wrap('acp', transport), cwd: '/srv', clock }), close: async () => {} }
}

/** Other folders that a new session of `editor/orders` may choose. */
const FOLDERS = ['/srv/frontend', '/srv/docs']

/** The agent `editor/orders`: plans, tools, a permission with a diff, and costs. */
export function openEditor({ clock, wrap }: DemoOptions): DemoSystem {
  const { transport } = createAcpAgentSimulator({
    script: createAcpScript(clock),
    initialize: { agentInfo: { name: 'orders', title: 'Orders', version: '2.3.0' } },
  })
  const source = acpSource({
    name: 'editor',
    agent: 'orders',
    transport: wrap('acp', transport),
    cwd: '/srv/backend',
    folders: FOLDERS,
    clock,
  })
  return { source, close: async () => {} }
}
