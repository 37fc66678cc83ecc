/** The simulated CMDOP core and relay of the demo. */
import { createCmdop } from 'signalbox/cmdop'
import { cmdopSource, type Source } from 'signalbox/hub'
import { createCmdopCoreSimulator, createCmdopRelaySimulator } from 'signalbox/testing'
import type { Through } from '../lab/lab.js'

/** The simulated relay shows every second machine as offline. */
const MACHINES = [
  { name: 'web-1', hostname: 'web-1.fra' },
  { name: 'spare-2', hostname: 'spare-2.ams' },
  { name: 'db-1', hostname: 'db-1.fra' },
]

/** Starts the simulator and connects a source to it. */
export async function openCmdop(through: Through): Promise<Source> {
  const relay = createCmdopRelaySimulator({ machines: MACHINES.length })
  for (const [index, names] of MACHINES.entries()) Object.assign(relay.world.machines[index] ?? {}, names)
  const cmdop = createCmdopCoreSimulator({ relay })
  return cmdopSource({ client: createCmdop({ transport: through('cmdop', cmdop.transport) }) })
}
