/** Where the table of refusals cannot be loaded. */
import { expect, test, vi } from 'vitest'
import { failureOf } from '../../src/ccc/error.js'

vi.mock('../../src/ccc/failures.js', () => {
  throw new TypeError('Failed to fetch')
})

test('[ccc.failures.unknown] a refusal that cannot be looked up is said as it is, and promises nothing', async () => {
  const error = await failureOf('send', { error: 'session not found: x' }, false)
  expect(error).toMatchObject({ code: 'remote', sent: 'maybe', remoteCode: 'session not found' })
  expect(error.message).toContain('session not found: x')
})
