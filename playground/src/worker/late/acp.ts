/** The simulated ACP agent of the demo. */
import { acpSource } from 'signalbox/acp'
import type { Source } from 'signalbox/hub'
import { createAcpAgentSimulator } from 'signalbox/testing'
import { createAcpScript } from '../demo/acp-script.js'
import type { Through } from '../lab/lab.js'

/** Starts the simulator and connects a source to it. */
export function openAcp(through: Through): Source {
  const acp = createAcpAgentSimulator({
    script: createAcpScript(),
    initialize: { agentInfo: { name: 'rail', title: 'Rail', version: '2.3.0' } },
  })
  return acpSource({ transport: through('acp', acp.transport), agent: 'rail', cwd: '/srv/backend' })
}
