/** CCC: a send types a text into a session. The server deduplicates nothing, so a repeated send is typed twice. */
import { retry, SignalboxError } from 'signalbox'
import { createCcc, type Ccc, type CccSendError, type Receipt } from 'signalbox/ccc'
import { createCccSimulator } from 'signalbox/testing'
import { deliverPlainly } from '../plain-client.js'
import { LANES, newIds, pause, textOf, type Bench, type SideParts } from '../side.js'
import type { Said } from '../tally.js'

// The client looks for a message among the newest 500 entries of a session.
const SESSIONS_EACH = 8
const ASK_AGAIN_MS = 10_000

function simulate({ clock }: SideParts) {
  const sessions = Array.from({ length: LANES * SESSIONS_EACH }, (_, index) => ({
    name: `p${index}`,
    topic: index + 1,
    running: true,
  }))
  const simulator = createCccSimulator({ sessions, clock })
  // A client cannot tell an empty history from a missing one, so every session has an entry before the faults begin.
  const first = { id: 1, ts: Math.floor(clock.now() / 1000), from: 'human', text: 'Good morning.' }
  for (const { topic } of sessions) simulator.history.append(topic, first)
  const typed = newIds(simulator.ledger, (entry) => (entry.effect === 'typed' ? entry.text : undefined))
  const sent = new Map<number, number>()
  const session = (lane: number): string => {
    const count = sent.get(lane) ?? 0
    sent.set(lane, count + 1)
    return `p${lane * SESSIONS_EACH + (count % SESSIONS_EACH)}`
  }
  return { simulator, typed, session }
}

/** Asks the history until it can tell what became of a message. Undefined: it can never tell. */
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
      deliver: (id, lane) => deliver(ccc, session(lane), id, parts),
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
      deliver(id, lane) {
        const name = session(lane)
        return deliverPlainly(options, () => [{ cmd: 'send', session: name, text: textOf(id), from: 'bench' }])
      },
      received: typed,
      close: () => simulator.stop(),
    }
  },
}
