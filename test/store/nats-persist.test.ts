/**
 * How a store on NATS repeats a request, and the error of a write that took several attempts. The connection is a stand-in: no server can be
 * made to answer like this.
 */
import type { NatsConnection } from '@nats-io/nats-core'
import { expect, test } from 'vitest'
import { SignalboxError } from '../../src/errors.js'
import { createFakeClock } from '../../src/testing/index.js'
import { isPassing } from '../../transports/nats/failures.js'
import { createPersist, Late } from '../../transports/nats/persist.js'

const connection = { isClosed: () => false, isDraining: () => false } as unknown as NatsConnection
const connected = { wait: async () => true, onBack: () => () => {}, close: () => {} }

function createWorld(timeoutMs: number) {
  const clock = createFakeClock()
  const persist = createPersist(connection, connected, clock, timeoutMs)
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) await clock.advance(50)
  }
  /** No answer within the time of the attempt. */
  const noAnswer = (ms: number): Promise<never> => new Promise((_resolve, reject) => clock.after(ms, () => reject(new Late())))
  return { clock, persist, pass, noAnswer }
}

test('a refusal after an attempt without an answer is sent: maybe [store.nats.sent]', async () => {
  const { persist, pass } = createWorld(5_000)
  const refusal = new SignalboxError({ code: 'unavailable', message: 'The stream is full.', sent: 'no' })
  let attempts = 0
  const attempt = async (): Promise<never> => {
    attempts += 1
    throw attempts === 1 ? new Late() : refusal
  }
  const written = persist('The map', attempt, { hasEffect: true }).catch((error: unknown) => error)
  await pass(2_000)
  expect(await written).toMatchObject({ code: 'unavailable', sent: 'maybe' })
  expect(attempts).toBe(2)
  await expect(persist('The map', () => Promise.reject(refusal), { hasEffect: true })).rejects.toMatchObject({ sent: 'no' })
})

test.each([5_200, 7_000, 8_300])(
  'a cluster without a leader drops requests: one elected after %i of 10,000 ms gets the next attempt in time [store.nats.leaderless]',
  async (electedMs) => {
    const { clock, persist, pass, noAnswer } = createWorld(10_000)
    const from = clock.monotonic()
    const attempt = async (ms: number): Promise<string> => {
      if (clock.monotonic() - from < electedMs) return noAnswer(ms)
      return 'made'
    }
    const made = persist('The NATS store', attempt, { hasEffect: false, overlaps: true }).catch((error: unknown) => error)
    await pass(12_000)
    expect(await made).toEqual({ result: 'made', maybe: false })
  },
)

test('a late answer to an earlier attempt counts, and earlier attempts that fail are not reported [store.nats.leaderless]', async () => {
  const { clock, persist, pass, noAnswer } = createWorld(10_000)
  let attempts = 0
  const attempt = (ms: number): Promise<string> => {
    attempts += 1
    if (attempts > 1) return noAnswer(ms)
    return new Promise((resolve) => clock.after(4_000, () => resolve('late')))
  }
  const written = persist('The log', attempt, { hasEffect: true, overlaps: true })
  await pass(4_500)
  expect(await written).toEqual({ result: 'late', maybe: true })
  expect(attempts).toBe(3)
  await pass(10_000)
})

test('without any answer an attempt that overlaps others is unavailable when its time is over [store.nats.leaderless]', async () => {
  const { persist, pass, noAnswer } = createWorld(5_000)
  const failed = persist('The log', noAnswer, { hasEffect: true, overlaps: true }).catch((error: unknown) => error)
  await pass(6_000)
  expect(await failed).toMatchObject({ code: 'unavailable', sent: 'maybe' })
})

test('a publish whose earlier attempt still waits for the replicas is tried again [store.nats.leaderless]', () => {
  expect(isPassing({ code: 409, err_code: 10158, description: 'duplicate message id is in process' })).toBe(true)
})
