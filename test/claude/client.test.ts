/** The small client: only the passed parts, under the names of the full client. */
import { expect, test } from 'vitest'
import {
  checkLines,
  type ClaudeOptions,
  claudePolicies,
  createClaude,
  createMetrics,
  createObserver,
} from '../../src/claude/index.js'
import { createClaudeSimulator } from '../../src/testing/claude/simulator.js'

const start = (options: Partial<ClaudeOptions> = {}) => createClaude({ transport: createClaudeSimulator().transport, ...options })

test('[claude.small-client] without parts it has no policies and no observer, and keeps its sessions itself', async () => {
  const claude = start()
  const { limiter, breaker, retry, events, usage, metrics } = claude
  expect([limiter, breaker, retry, events, usage, metrics]).toEqual(Array(6).fill(undefined))
  const session = claude.createSession({ tags: ['one'] })
  await session.sendMessage('FAKE:echo:hello').text()
  await session.close()
  const again = await claude.loadSession(session.sessionId)
  expect(again).toMatchObject({ turnCount: 1, lastResponse: 'hello', tags: ['one'] })
  expect(again?.toState().messagesHash).toMatch(/^[0-9a-f]{16}$/)
  expect(await again?.sendMessage('FAKE:recall again').text()).toContain('seen: 2')
  expect(await claude.loadSession('nobody')).toBeNull()
  await claude.close()
})

test('[claude.small-client] passed parts have the names of the full client and take effect', async () => {
  const observer = createObserver({ metrics: createMetrics() })
  const claude = start({ ...claudePolicies(), observer, lines: checkLines, validate: 'strict' })
  const seen: string[] = []
  claude.events?.on(({ type }) => void seen.push(type))
  expect(await claude.querySimple('FAKE:echo:counted')).toBe('counted')
  expect(seen).toEqual(['message.received', 'tokens.used', 'cost.incurred'])
  expect(claude.usage).toMatchObject({ requestCount: 1, totalTokens: 145 })
  expect(claude.metrics?.text()).toContain('ccflow_requests_total')
  expect(claude.limiter?.stats).toMatchObject({ acquired: 1 })
  expect(claude.breaker?.state).toBe('closed')
  await claude.close()
})

test('[claude.small-client] strict validation without a validator, and forbidden runs without permissions, are refused', () => {
  expect(() => start({ validate: 'strict' })).toThrow(/checkLines/)
  const claude = start({ allowDangerousPermissions: false })
  expect(() => claude.query('x', { dangerouslySkipPermissions: true })).toThrow(/not allowed/)
  expect(() => claude.createSession({ options: { permissionMode: 'bypassPermissions' } })).toThrow(/not allowed/)
})
