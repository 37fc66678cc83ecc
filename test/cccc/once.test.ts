/** Tables are unpacked once, not once for each reader. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { ccccAnswers } from '../../src/cccc/answers.js'
import { loadOps } from '../../src/cccc/table.js'
import { ccccWebPort } from '../../src/cccc/web/index.js'
import { loadRoutes } from '../../src/cccc/web/routes.js'
import { createCcccSimulator, createCcccWebPortSimulator } from '../../src/testing/index.js'

vi.mock('../../src/cccc/table.js', { spy: true })
vi.mock('../../src/cccc/web/routes.js', { spy: true })

beforeEach(() => {
  vi.mocked(loadOps).mockClear()
  vi.mocked(loadRoutes).mockClear()
})

describe('a table', () => {
  test('of ops is unpacked once by a full client, and answers are still validated against it', async () => {
    await using daemon = createCcccSimulator({ dialect: 'B' })
    await using client = createCccc({ transport: daemon.transport })
    expect(loadOps).toHaveBeenCalledTimes(1)
    await client.close()
    const broken = { ok: true }
    expect(ccccAnswers(loadOps())('ping', broken)).toEqual(ccccAnswers()('ping', broken))
    expect(ccccAnswers()('ping', broken)).toBeDefined()
  })

  test('of routes is unpacked once by the simulated web port, for any number of requests', async () => {
    await using daemon = createCcccSimulator({ dialect: 'B' })
    await using port = createCcccWebPortSimulator({ daemon })
    await using client = createCccc({ transport: ccccWebPort({ exchange: port.exchange() }) })
    await client.call('groups')
    await client.call('ping')
    expect(port.requests).toHaveLength(2)
    // For the client and for the port.
    expect(loadRoutes).toHaveBeenCalledTimes(2)
  })
})
