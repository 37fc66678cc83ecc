/** The simulated CCCC daemon of the demo, with one group. */
import { createCccc } from '../../cccc/index.js'
import { ccccSource } from '../../hub/index.js'
import { createCcccSimulator, type CcccSimulator } from '../cccc/simulator.js'
import type { DemoOptions, DemoSystem } from './system.js'

/** The daemon and its group. */
export interface DemoGroup extends DemoSystem {
  readonly daemon: CcccSimulator
  readonly groupId: string
}

const ACTORS = ['lead', 'tester', 'writer']

/** Starts the simulator, makes the group and connects a source to it. */
export async function openCccc({ clock, wrap }: DemoOptions): Promise<DemoGroup> {
  const daemon = createCcccSimulator({ clock })
  const client = createCccc({ transport: wrap('cccc', daemon.transport) })
  const { group_id: groupId } = await client.groups.create({ title: 'Release train' })
  for (const actorId of ACTORS) await client.actors.add({ groupId, actorId, title: actorId, runtime: 'claude' })
  await client.call('attach', { path: '/srv/release', group_id: groupId })
  await client.groups.start({ groupId })
  return { daemon, groupId, source: ccccSource({ client, answerWithinMs: 60_000, clock }), close: () => client.close() }
}
