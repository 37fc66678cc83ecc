/** What a store on NATS says of a write that took several attempts. The connection is a stand-in: no server can be made to answer like this. */
import type { NatsConnection } from '@nats-io/nats-core'
import { expect, test } from 'vitest'
import { SignalboxError } from '../../src/errors.js'
import { createFakeClock } from '../../src/testing/index.js'
import { createPersist, Late } from '../../transports/nats/persist.js'

test('a refusal after an attempt without an answer is sent: maybe [store.nats.sent]', async () => {
  const clock = createFakeClock()
  const connection = { isClosed: () => false, isDraining: () => false } as unknown as NatsConnection
  const connected = { wait: async () => true, onBack: () => () => {}, close: () => {} }
  const persist = createPersist(connection, connected, clock, 5_000)
  const refusal = new SignalboxError({ code: 'unavailable', message: 'The stream is full.', sent: 'no' })
  let attempts = 0
  const attempt = async (): Promise<never> => {
    attempts += 1
    throw attempts === 1 ? new Late() : refusal
  }
  const written = persist('The map', attempt, true).catch((error: unknown) => error)
  for (let round = 0; round < 20; round += 1) await clock.advance(100)
  expect(await written).toMatchObject({ code: 'unavailable', sent: 'maybe' })
  expect(attempts).toBe(2)
  await expect(persist('The map', () => Promise.reject(refusal), true)).rejects.toMatchObject({ sent: 'no' })
})
