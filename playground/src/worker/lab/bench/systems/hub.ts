/** A hub behind a link: a prompt with the same id is the same turn. The agents behind the hub work without faults. */
import { SignalboxError } from 'signalbox'
import { createHub, createHubClient, serveHub, type Hub } from 'signalbox/hub'
import { createScriptedSystem, memoryServer } from 'signalbox/testing'
import { deliverPlainly } from '../plain-client.js'
import { SENDERS, newIds, pause, textOf, type Bench, type SideParts } from '../side.js'
import type { Said } from '../tally.js'

const NAMES = Array.from({ length: SENDERS }, (_, index) => `a${index}`)

async function simulate({ clock }: SideParts) {
  const system = createScriptedSystem({ agents: NAMES })
  const hub = await createHub({ sources: [system.source()], clock })
  const server = memoryServer({ name: 'hub' })
  void (async () => {
    for await (const link of server.accept()) void serveHub(hub, link, { clock })
  })()
  const prompted = newIds(system.ledger.prompts, ({ text }) => text)
  const stop = async (): Promise<void> => {
    await hub.close()
    await server[Symbol.asyncDispose]()
  }
  return { transport: server.transport, prompted, stop }
}

async function deliver(hub: Hub, id: string, sender: number, { clock, ending, repeated }: SideParts): Promise<Said> {
  for (;;) {
    try {
      const turn = hub.prompt(`script/a${sender}`, textOf(id), { promptId: id })
      await turn.accepted()
      const { outcome } = await turn.end()
      return outcome === 'completed' ? 'acknowledged' : outcome === 'lost' ? 'ambiguous' : 'failed'
    } catch (error) {
      if (!SignalboxError.is(error)) throw error
      if (ending.aborted) return error.sent === 'no' ? 'failed' : 'ambiguous'
    }
    repeated()
    await pause(clock, 500)
  }
}

export const bench: Bench = {
  async openOurs(parts) {
    const { transport, prompted, stop } = await simulate(parts)
    const hub = createHubClient({
      transport: parts.broken(transport),
      clock: parts.clock,
      by: 'bench',
      checkEveryMs: 2_000,
      random: parts.random,
    })
    return {
      deliver: (id, sender) => deliver(hub, id, sender, parts),
      received: prompted,
      async close() {
        await hub.close()
        await stop()
      },
    }
  },
  async openPlain(parts) {
    const { transport, prompted, stop } = await simulate(parts)
    const options = {
      transport: parts.broken(transport),
      launch: undefined,
      clock: parts.clock,
      timeoutMs: 5_000,
      ending: parts.ending,
      judge: (line: Record<string, unknown>) => ('result' in line ? true : 'error' in line ? false : undefined),
      repeated: parts.repeated,
    }
    return {
      deliver: (id, sender) =>
        deliverPlainly(options, (attempt) => [
          { id: 1, method: 'prompt', params: { agent: `script/a${sender}`, text: textOf(id), promptId: `${id}-${attempt}` } },
        ]),
      received: prompted,
      close: stop,
    }
  },
}
