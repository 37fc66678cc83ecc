import { SignalboxError } from '../../../../src/errors.js'
import type { Hub } from '../../../../src/hub/index.js'

/** Rejects with `not_found` when the hub has no such agent. A watch of an unknown agent would wait for ever. */
export async function expectAgent(hub: Hub, id: string): Promise<void> {
  if ((await hub.agents()).some((agent) => agent.id === id)) return
  throw new SignalboxError({ code: 'not_found', system: 'hub', message: `There is no agent ${id}.` })
}
