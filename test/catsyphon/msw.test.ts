/** The handlers that users' tests get: the simulator behind the runtime's own fetch. */
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createCatsyphon, register } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { catsyphonFaults, createCatsyphonSimulator } from '../../src/testing/index.js'
import { catsyphonHandlers } from '../../src/testing/msw/index.js'
import { fetchExchange } from '../../transports/web/index.js'

const baseUrl = 'http://catsyphon.test:3000/api'
const simulator = createCatsyphonSimulator()
const server = setupServer(...catsyphonHandlers({ baseUrl, simulator }))
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => simulator.faults.clear())
afterAll(() => server.close())

const quick = { outbox: catsyphonOutbox(), retryConfig: { initialDelayMs: 1, maxDelayMs: 5 }, ambiguousPauseMs: 1 }

test('[catsyphon.msw] a client registers, logs and completes against the handlers', async () => {
  const transport = fetchExchange({ baseUrl })
  await using client = await register({ ...quick, transport, serverUrl: baseUrl, workspaceId: simulator.workspaceId })
  await client.withSession('mocked', async (session) => {
    await session.start({ agentType: 'demo' })
    await session.message({ role: 'user', content: 'hello' })
  })
  expect(simulator.ledger.rows('mocked').map(({ data }) => data.content)).toEqual(['hello'])
  expect(await client.getSessionStatus('mocked')).toMatchObject({ status: 'completed', event_count: 1 })
})

test('[catsyphon.msw] faults reach the client as they would on a network', async () => {
  const { id: collectorId, key: apiKey } = simulator.register()
  await using client = await createCatsyphon({ ...quick, transport: fetchExchange({ baseUrl }), collectorId, apiKey })
  simulator.inject({ ...catsyphonFaults.reset('after'), on: ({ path }) => path === '/collectors/events' })
  simulator.inject({ ...catsyphonFaults.rateLimited('0'), on: ({ path }) => path === '/collectors/events' })
  const session = client.session('faulty')
  await session.start({ agentType: 'demo' })
  await session.message({ role: 'user', content: 'once' })
  expect((await session.complete()).pending).toBe(0)
  expect(simulator.ledger.rows('faulty').map(({ data }) => data.content)).toEqual(['once'])
})

test('[catsyphon.redirect] a redirect is not followed, and the error says that the address is wrong', async () => {
  const { id: collectorId, key: apiKey } = simulator.register()
  await using client = await createCatsyphon({
    ...quick,
    transport: fetchExchange({ baseUrl, redirects: 'never' }),
    collectorId,
    apiKey,
  })
  simulator.inject({ ...catsyphonFaults.redirect('http://elsewhere.test/'), times: 10 })
  const session = client.session('moved')
  await session.start({ agentType: 'demo' })
  const report = await client.flush()
  expect(report.pending).toBe(1)
  expect(report.error).toMatchObject({ code: 'incompatible' })
  simulator.faults.clear()
  client.resume()
  expect((await client.flush()).pending).toBe(0)
})
