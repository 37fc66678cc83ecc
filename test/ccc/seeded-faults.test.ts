/**
 * A thousand asks and sends over links that split, stall, break and end. The outcome of each must agree with the server's
 * ledger.
 */
import { describe, expect, test } from 'vitest'
import { createCcc, type AskResult, type CccSendError, type Receipt } from '../../src/ccc/index.js'
import { retry, SignalboxError, systemClock, type Sent } from '../../src/index.js'
import { createCccSimulator, createSeededRandom, eachSeed, withFaults } from '../../src/testing/index.js'

const TOTAL = 1_000
const SESSIONS = 40

interface Attempt {
  readonly text: string
  readonly session: string
  outcome: 'answered' | 'unanswered' | 'sent' | Sent
  receipt?: Receipt
  result?: AskResult
}

describe('under seeded faults', () => {
  test('[ccc.honesty] every outcome agrees with the ledger of the server, and nothing is sent twice', {
    timeout: 180_000,
  }, async () => {
    await eachSeed([20_260_116], async (seed) => {
      const random = createSeededRandom(seed)
      const names = Array.from({ length: SESSIONS }, (_, index) => `p${index}`)
      const sessions = names.map((name) => ({ name, running: true }))
      const simulator = createCccSimulator({ sessions, timeScale: 0.0005 })
      // The server itself hangs up as well, before and after the work.
      simulator.faults.hangUp = ({ cmd }) => {
        if (cmd !== 'ask' && cmd !== 'send') return undefined
        const chance = random()
        return chance < 0.02 ? 'before' : chance < 0.04 ? 'after' : undefined
      }
      const faulty = withFaults(
        withFaults(simulator.transport, {
          seed,
          direction: 'in',
          odds: { split: 0.3, duplicate: 0.1, reset: 0.03, 'half-close': 0.03, truncate: 0.03, stall: 0.01 },
        }),
        { seed: seed + 1, direction: 'out', odds: { split: 0.3, reset: 0.03, truncate: 0.03, stall: 0.01 } },
      )
      // With retries, because a wrong outcome would make a retry send twice.
      const ccc = createCcc({
        transport: faulty,
        interceptors: [retry({ baseMs: 1, maxAttempts: 3, quota: false, attemptTimeoutMs: 1_500 })],
      })
      const attempts: Attempt[] = Array.from({ length: TOTAL }, (_, index) => ({
        text: `message ${index}`,
        session: names[index % SESSIONS] as string,
        outcome: 'no',
      }))
      await Promise.all(
        attempts.map(async (attempt, index) => {
          const { text, session } = attempt
          const common = { session, text, from: 'seeded' }
          try {
            if (index % 2 === 0) {
              attempt.result = await ccc.ask(common)
              attempt.outcome = attempt.result.outcome
              attempt.receipt = attempt.result.receipt
            } else {
              attempt.receipt = (await ccc.send(common)).receipt
              attempt.outcome = 'sent'
            }
          } catch (error) {
            if (!SignalboxError.is(error)) throw error
            attempt.outcome = error.sent
            attempt.receipt = (error as CccSendError).receipt
          }
        }),
      )
      await ccc[Symbol.asyncDispose]()
      // Started requests continue without the client, until the server has finished them.
      let stored = -1
      while (stored !== simulator.ledger.length || simulator.connections > 0) {
        stored = simulator.ledger.length
        await new Promise((resolve) => setTimeout(resolve, 50))
      }

      const count = (effect: string, text: string): number =>
        simulator.ledger.filter((entry) => entry.effect === effect && entry.text === text).length
      const lies: string[] = []
      const lie = (attempt: Attempt, what: string): void => void lies.push(`${attempt.text} (${attempt.outcome}): ${what}`)
      // An hour later and over links without faults: compare each outcome with the history.
      const later = createCcc({
        transport: simulator.transport,
        clock: { ...systemClock, now: () => Date.now() + 3_600_000 },
      })
      for (const attempt of attempts) {
        const { text, outcome, receipt, result } = attempt
        const [kept, typed] = [count('stored', text), count('typed', text)]
        if (kept > 1 || typed > 1) lie(attempt, `stored ${kept} times, typed ${typed} times`)
        if (outcome === 'no' && kept + typed > 0) lie(attempt, 'the ledger has it')
        if (['answered', 'unanswered', 'sent', 'yes'].includes(outcome) && typed !== 1) lie(attempt, 'the ledger lacks it')
        if (result?.outcome === 'answered' && result.attribution === 'own' && !result.response.endsWith(`: ${text}`))
          lie(attempt, `was told that "${result.response}" is its own`)
        if (!receipt || outcome === 'no') continue
        const found = await later.resolve(receipt)
        if (found.outcome === 'unknown') lie(attempt, `nobody can tell: ${found.reason}`)
        else if ((found.outcome !== 'not_stored') !== (kept === 1)) lie(attempt, `resolve says ${found.outcome}`)
      }
      expect(lies).toEqual([])
      const tally = new Map<string, number>()
      for (const { outcome } of attempts) tally.set(outcome, (tally.get(outcome) ?? 0) + 1)
      // A run without a failure would prove nothing.
      expect(tally.get('maybe') ?? 0).toBeGreaterThan(20)
      expect((tally.get('answered') ?? 0) + (tally.get('sent') ?? 0)).toBeGreaterThan(TOTAL / 2)
      console.log([...tally].map(([outcome, number]) => `${outcome} ${number}`).join(', '))
      await simulator.stop()
    })
  })
})
