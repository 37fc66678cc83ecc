/** The simulated CMDOP core and relay of the demo. */
import { createCmdop } from '../../cmdop/index.js'
import { cmdopSource } from '../../hub/index.js'
import { createCmdopCoreSimulator } from '../cmdop/core.js'
import { createCmdopRelaySimulator } from '../cmdop/relay.js'
import { cmdopAnswer } from './answers.js'
import type { DemoOptions, DemoSystem } from './system.js'

/** The simulated relay shows every second machine as offline. */
const MACHINES = [
  { name: 'web-1', hostname: 'web-1.fra' },
  { name: 'spare-2', hostname: 'spare-2.ams' },
  { name: 'db-1', hostname: 'db-1.fra' },
]

/** Starts the simulator and connects a source to it. */
export function openCmdop({ clock, wrap }: DemoOptions): DemoSystem {
  const relay = createCmdopRelaySimulator({ machines: MACHINES.length, script: cmdopAnswer })
  for (const [index, names] of MACHINES.entries()) Object.assign(relay.world.machines[index] ?? {}, names)
  const core = createCmdopCoreSimulator({ relay })
  const client = createCmdop({ transport: wrap('cmdop', core.transport) })
  return { source: cmdopSource({ client, clock }), close: () => client.close() }
}
