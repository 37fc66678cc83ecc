/** CCCC, dialect C: the daemon stores a message once for each client id. */
import { SignalboxError } from 'signalbox'
import { createCccc } from 'signalbox/cccc'
import { createCcccSimulator } from 'signalbox/testing'
import { deliverPlainly } from '../plain-client.js'
import { newIds, pause, textOf, type Bench, type SideParts } from '../side.js'
import type { Said } from '../tally.js'

async function simulate({ clock, onKill }: SideParts) {
  const simulator = createCcccSimulator({ dialect: 'C', clock })
  // Made over a working link, before the faults begin.
  await using client = createCccc({ transport: simulator.transport, clock })
  const groupId = String((await client.groups.create({ title: 'Bench' })).group_id)
  onKill((downMs) => {
    simulator.kill()
    clock.after(downMs, () => simulator.restart())
  })
  const stored = newIds(simulator.events(groupId), ({ kind, data }) => (kind === 'chat.message' ? String(data.text) : undefined))
  return { simulator, groupId, stored }
}

export const bench: Bench = {
  async openOurs(parts) {
    const { clock, ending, repeated } = parts
    const { simulator, groupId, stored } = await simulate(parts)
    const client = createCccc({ transport: parts.broken(simulator.transport), clock })
    const deliver = async (id: string): Promise<Said> => {
      for (;;) {
        try {
          await client.messages.send({ groupId, text: textOf(id), to: ['user'], clientId: id }, { timeoutMs: 5_000 })
          return 'acknowledged'
        } catch (error) {
          if (!SignalboxError.is(error)) throw error
          if (ending.aborted) return error.sent === 'no' ? 'failed' : 'ambiguous'
        }
        repeated()
        await pause(clock, 500)
      }
    }
    return {
      deliver,
      received: stored,
      async close() {
        await client.close()
        await simulator[Symbol.asyncDispose]()
      },
    }
  },
  async openPlain(parts) {
    const { simulator, groupId, stored } = await simulate(parts)
    const options = {
      transport: parts.broken(simulator.transport),
      launch: undefined,
      clock: parts.clock,
      timeoutMs: 5_000,
      ending: parts.ending,
      judge: ({ ok }: Record<string, unknown>) => ok === true,
      repeated: parts.repeated,
    }
    return {
      deliver(id) {
        const args = { group_id: groupId, text: textOf(id), by: 'user', to: ['user'], message_mode: 'send' }
        return deliverPlainly(options, () => [{ v: 1, op: 'send', args }])
      },
      received: stored,
      close: async () => await simulator[Symbol.asyncDispose](),
    }
  },
}
