/** CatSyphon: an event is in the outbox before the program goes on, and leaves the outbox only when the server has it. */
import { catsyphonOutbox, createCatsyphon, type Session } from 'signalbox/catsyphon'
import { createCatsyphonSimulator, type StoredRow } from 'signalbox/testing'
import { tryAgain } from '../plain-client.js'
import { SENDERS, newIds, textOf, type Bench, type SideParts } from '../side.js'
import type { Said } from '../tally.js'

const TIMEOUT_MS = 10_000
const sessionId = (sender: number): string => `bench-${sender}`

function simulate({ clock, random }: SideParts) {
  const server = createCatsyphonSimulator({ clock, random })
  const readers = new Map<number, () => readonly string[]>()
  const reader = (sender: number): (() => readonly string[]) | undefined => {
    const rows = server.ledger.sessions.get(sessionId(sender))?.rows
    if (rows && !readers.has(sender))
      readers.set(
        sender,
        newIds<StoredRow>(rows, ({ data }) => JSON.stringify(data)),
      )
    return readers.get(sender)
  }
  const stored = (): readonly string[] => Array.from({ length: SENDERS }, (_, sender) => reader(sender)?.() ?? []).flat()
  return { server, collector: server.register(), stored }
}

async function deliver(session: Session, id: string, { ending, repeated }: SideParts): Promise<Said> {
  await session.message({ role: 'user', content: textOf(id) })
  for (;;) {
    await session.flush({ timeoutMs: TIMEOUT_MS })
    if (session.pending === 0) return 'acknowledged'
    if (ending.aborted) return 'ambiguous'
    repeated()
  }
}

export const bench: Bench = {
  async openOurs(parts) {
    const { clock, random } = parts
    const { server, collector, stored } = simulate(parts)
    const client = await createCatsyphon({
      transport: parts.brokenExchange(server.transport),
      collectorId: collector.id,
      apiKey: collector.key,
      outbox: catsyphonOutbox(),
      timeoutMs: TIMEOUT_MS,
      drainTimeoutMs: TIMEOUT_MS,
      clock,
      random,
    })
    const sessions = Array.from({ length: SENDERS }, (_, sender) => client.session(sessionId(sender)))
    for (const session of sessions) await session.start({ agentType: 'bench' })
    return {
      deliver: (id, sender) => deliver(sessions[sender] as Session, id, parts),
      received: stored,
      close: async () => void (await client.close()),
    }
  },
  async openPlain(parts) {
    const { clock, ending, repeated } = parts
    const { server, collector, stored } = simulate(parts)
    const transport = parts.brokenExchange(server.transport)
    const post = async (sender: number, type: string, data: object): Promise<boolean> => {
      // Each attempt is written anew, with its own time. The server takes it for another event.
      const at = new Date(clock.now()).toISOString()
      const body = JSON.stringify({ session_id: sessionId(sender), events: [{ type, emitted_at: at, observed_at: at, data }] })
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${collector.key}`,
        'x-collector-id': collector.id,
      }
      const limit = new AbortController()
      const timer = clock.after(TIMEOUT_MS, () => limit.abort())
      try {
        const reply = await transport.exchange(
          { method: 'POST', path: '/collectors/events', headers, body },
          { signal: limit.signal },
        )
        const text = await new Response(reply.body).text()
        return reply.status < 300 && Object(JSON.parse(text)).accepted !== undefined
      } finally {
        timer.cancel()
      }
    }
    return {
      deliver(id, sender) {
        const data = { author_role: 'human', message_type: 'prompt', content: textOf(id) }
        return tryAgain({ clock, ending, repeated }, () => post(sender, 'message', data))
      },
      received: stored,
      close: async () => {},
    }
  },
}
