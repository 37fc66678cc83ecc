/** CCC: a send types a text into a session. The server deduplicates nothing, so a repeated send is typed twice. */
import { retry, SignalboxError } from 'signalbox'
import { createCcc, type Ccc, type CccSendError, type Receipt } from 'signalbox/ccc'
import { createCccSimulator } from 'signalbox/testing'
import { deliverPlainly } from '../plain-client.js'
import { SENDERS, newIds, pause, textOf, type Bench, type SideParts } from '../side.js'
import type { Said } from '../tally.js'

// The client looks for a message among the newest 500 entries of a session.
const SESSIONS_EACH = 8
const ASK_AGAIN_MS = 10_000

function simulate({ clock }: SideParts) {
  const sessions = Array.from({ length: SENDERS * SESSIONS_EACH }, (_, index) => ({
    name: `p${index}`,
    topic: index + 1,
    running: true,
  }))
  const simulator = createCccSimulator({ sessions, clock })
  // An empty history looks like a missing one to a client, so every session has an entry before the faults begin.
  const first = { id: 1, ts: Math.floor(clock.now() / 1000), from: 'human', text: 'Good morning.' }
  for (const { topic } of sessions) simulator.history.append(topic, first)
  const typed = newIds(simulator.ledger, (entry) => (entry.effect === 'typed' ? entry.text : undefined))
  const sent = new Map<number, number>()
  const session = (sender: number): string => {
    const count = sent.get(sender) ?? 0
    sent.set(sender, count + 1)
    return `p${sender * SESSIONS_EACH + (count % SESSIONS_EACH)}`
  }
  return { simulator, typed, session }
}

/** Reads the history until it shows the outcome of a message. Undefined: it can never show it. */
async function find(ccc: Ccc, receipt: Receipt, { clock, ending }: SideParts): Promise<boolean | undefined> {
  while (!ending.aborted) {
    try {
      const found = await ccc.resolve(receipt)
      if (found.outcome !== 'unknown') return found.outcome !== 'not_stored'
      if (found.reason !== 'early') return undefined
    } catch (error) {
      if (!SignalboxError.is(error)) throw error
    }
    await pause(clock, ASK_AGAIN_MS)
  }
  return undefined
}

async function deliver(ccc: Ccc, session: string, id: string, parts: SideParts): Promise<Said> {
  while (!parts.ending.aborted) {
    try {
      await ccc.send({ session, text: textOf(id), from: 'bench', marker: id })
      return 'acknowledged'
    } catch (error) {
      if (!SignalboxError.is(error)) throw error
      if (error.sent !== 'no') {
        const stored = await find(ccc, (error as CccSendError).receipt, parts)
        if (stored === undefined) return 'ambiguous'
        if (stored) return 'acknowledged'
      }
      parts.repeated()
      await pause(parts.clock, 500)
    }
  }
  return 'failed'
}

export const bench: Bench = {
  async openOurs(parts) {
    const { clock, random } = parts
    const { simulator, typed, session } = simulate(parts)
    const interceptors = [retry({ clock, random, baseMs: 100, maxAttempts: 3, quota: false, attemptTimeoutMs: 8_000 })]
    const ccc = createCcc({ transport: parts.broken(simulator.transport), clock, interceptors })
    return {
      deliver: (id, sender) => deliver(ccc, session(sender), id, parts),
      received: typed,
      async close() {
        await ccc.close()
        await simulator.stop()
      },
    }
  },
  async openPlain(parts) {
    const { simulator, typed, session } = simulate(parts)
    const options = {
      transport: parts.broken(simulator.transport),
      launch: undefined,
      clock: parts.clock,
      timeoutMs: 10_000,
      ending: parts.ending,
      judge: ({ ok }: Record<string, unknown>) => ok === true,
      repeated: parts.repeated,
    }
    return {
      deliver(id, sender) {
        const name = session(sender)
        return deliverPlainly(options, () => [{ cmd: 'send', session: name, text: textOf(id), from: 'bench' }])
      },
      received: typed,
      close: () => simulator.stop(),
    }
  },
}
