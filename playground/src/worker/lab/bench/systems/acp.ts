/**
 * ACP: one process of the agent for each sender, behind a hub. The protocol cannot say whether an agent saw a prompt, so an unknown outcome
 * stays unknown. An agent that is silent for too long is ended and started again, as a person does.
 */
import { SignalboxError } from 'signalbox'
import { acpSource } from 'signalbox/acp'
import { createHub, type Hub } from 'signalbox/hub'
import { createAcpAgentSimulator } from 'signalbox/testing'
import { deliverPlainly } from '../plain-client.js'
import { newIds, pause, textOf, type Bench, type SideParts } from '../side.js'
import type { Said } from '../tally.js'

const TIMEOUT_MS = 10_000
const CWD = '/srv/bench'

function simulate({ onKill }: SideParts) {
  const agent = createAcpAgentSimulator()
  onKill(() => agent.kill())
  const prompted = newIds(agent.received, ({ method, params }) =>
    method === 'session/prompt' ? JSON.stringify(params) : undefined,
  )
  return { agent, prompted }
}

/** A hub for each sender. */
function createHubs({ clock, random, broken }: SideParts, agent: ReturnType<typeof simulate>['agent']) {
  const transport = broken(agent.transport)
  const hubs = new Map<number, Promise<Hub>>()
  const open = (): Promise<Hub> =>
    createHub({ sources: [acpSource({ transport, cwd: CWD, clock, random, openTimeoutMs: TIMEOUT_MS })], clock })
  return {
    get(sender: number): Promise<Hub> {
      const hub = hubs.get(sender) ?? open()
      hubs.set(sender, hub)
      return hub
    },
    async end(sender: number): Promise<void> {
      const hub = await hubs.get(sender)
      hubs.delete(sender)
      await hub?.close()
    },
    async close(): Promise<void> {
      await Promise.all([...hubs.keys()].map((sender) => this.end(sender)))
    },
  }
}

async function deliver(
  hubs: ReturnType<typeof createHubs>,
  id: string,
  sender: number,
  { clock, ending, repeated }: SideParts,
): Promise<Said> {
  for (let attempt = 1; ; attempt += 1) {
    const hub = await hubs.get(sender)
    try {
      const end = hub.prompt('acp/main', textOf(id), { promptId: `${id}-${attempt}` }).end()
      const result = await Promise.race([end, pause(clock, TIMEOUT_MS)])
      if (!result) {
        end.catch(() => {})
        await hubs.end(sender)
        return 'ambiguous'
      }
      const { outcome, sent } = result
      if (outcome === 'completed' || sent === 'yes') return 'acknowledged'
      if (sent === 'maybe') return 'ambiguous'
    } catch (error) {
      if (!SignalboxError.is(error)) throw error
      if (error.sent !== 'no') return 'ambiguous'
    }
    if (ending.aborted) return 'failed'
    repeated()
    await pause(clock, 500)
  }
}

export const bench: Bench = {
  async openOurs(parts) {
    const { agent, prompted } = simulate(parts)
    const hubs = createHubs(parts, agent)
    return {
      deliver: (id, sender) => deliver(hubs, id, sender, parts),
      received: prompted,
      async close() {
        await hubs.close()
        agent.kill()
      },
    }
  },
  async openPlain(parts) {
    const { agent, prompted } = simulate(parts)
    const transport = parts.broken(agent.transport)
    return {
      deliver(id) {
        let isPrompted = false
        const options = {
          transport,
          launch: undefined,
          clock: parts.clock,
          timeoutMs: TIMEOUT_MS,
          ending: parts.ending,
          repeated: parts.repeated,
          judge({ id: answered, result, error }: Record<string, unknown>) {
            if (error !== undefined) return false
            if (answered === 3) return true
            if (answered !== 2 || isPrompted) return undefined
            isPrompted = true
            const prompt = [{ type: 'text', text: textOf(id) }]
            return [call(3, 'session/prompt', { sessionId: Object(result).sessionId, prompt })]
          },
        }
        return deliverPlainly(options, () => {
          isPrompted = false
          return [
            call(1, 'initialize', { protocolVersion: 1, clientCapabilities: {} }),
            call(2, 'session/new', { cwd: CWD, mcpServers: [] }),
          ]
        })
      },
      received: prompted,
      close: async () => agent.kill(),
    }
  },
}

const call = (id: number, method: string, params: object) => ({ jsonrpc: '2.0', id, method, params })
