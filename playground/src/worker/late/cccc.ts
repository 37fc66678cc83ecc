/** The simulated CCCC daemon of the demo, with one group. */
import { createCccc } from 'signalbox/cccc'
import { ccccSource, type Source } from 'signalbox/hub'
import { createCcccSimulator, type CcccSimulator } from 'signalbox/testing'
import type { Through } from '../lab/lab.js'

/** The daemon and its group. */
export interface DemoGroup {
  readonly cccc: CcccSimulator
  readonly groupId: string
}

const ACTORS = ['lead', 'tester', 'writer']

/** Starts the simulator, makes the group and connects a source to it. */
export async function openCccc(through: Through): Promise<DemoGroup & { readonly source: Source }> {
  const cccc = createCcccSimulator()
  const client = createCccc({ transport: through('cccc', cccc.transport) })
  const created = await client.groups.create({ title: 'Release train' })
  const groupId = String(created.group_id)
  for (const actorId of ACTORS) await client.actors.add({ groupId, actorId, title: actorId, runtime: 'claude' })
  await client.call('attach', { path: '/srv/release', group_id: groupId })
  await client.groups.start({ groupId })
  return { cccc, groupId, source: ccccSource({ client, answerWithinMs: 60_000 }) }
}
