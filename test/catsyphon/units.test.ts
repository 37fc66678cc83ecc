/** The pure parts. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RETRY_DEFAULTS, retryDelay } from '../../src/catsyphon/index.js'
import { canonicalJson, prepareEvent } from '../../src/catsyphon/outbox/prepare.js'
import { cleanValue } from '../../src/catsyphon/outbox/sanitize.js'
import type { Replacement } from '../../src/catsyphon/report.js'
import { CATSYPHON_ROUTES } from '../../src/catsyphon/scopes.js'
import { catsyphonPolicy } from '../../src/gateway/policy/catsyphon.js'
import { sha256Hex } from '../../src/core/sha256.js'
import { createCatsyphonSimulator } from '../../src/testing/index.js'

test('[catsyphon.sha256] the hash is SHA-256, for every length', () => {
  for (let length = 0; length < 200; length += 1) {
    const text = 'a'.repeat(length)
    expect(sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'))
  }
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 5000 }),
      (bytes) => sha256Hex(bytes) === createHash('sha256').update(bytes).digest('hex'),
    ),
  )
})

describe('preparing an event', () => {
  const now = 1_700_000_000_000

  test('[catsyphon.canonical] the order of keys does not change an event’s identity; any other difference does', () => {
    const message = { author_role: 'human', message_type: 'prompt', content: 'x', more: { b: 1, a: [{ d: 1, c: 2 }] } }
    const turned = { more: { a: [{ c: 2, d: 1 }], b: 1 }, content: 'x', message_type: 'prompt', author_role: 'human' }
    const first = prepareEvent({ type: 'message', data: message }, now)
    expect(prepareEvent({ type: 'message', data: turned }, now).identity()).toBe(first.identity())
    const others = [
      prepareEvent({ type: 'message', data: { ...message, content: 'y' } }, now),
      prepareEvent({ type: 'thinking', data: message }, now),
      prepareEvent({ type: 'message', data: message }, now + 1),
    ]
    expect(new Set([first, ...others].map((prepared) => prepared.identity())).size).toBe(4)
    const before = first.text('h')
    message.more.b = 2
    expect(first.text('h')).toBe(before)
    expect(JSON.parse(first.text(undefined, now + 5))).not.toHaveProperty('event_hash')
    expect(JSON.parse(first.text('h', now + 5))).toMatchObject({ event_hash: 'h', emitted_at: '2023-11-14T22:13:20.005Z' })
  })

  test('[catsyphon.sanitize-any] any value becomes JSON without NUL and without half a surrogate pair', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
        fc.string({ unit: 'binary' }),
        (value, text) => {
          const told: Replacement[] = []
          const out = cleanValue({ value, [text]: `${text}\ud800` }, 'data', (path, reason) => void told.push({ path, reason }))
          const json = canonicalJson(out)
          expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(out)))
          // Half a character would be written as an escape.
          expect(/\\u0000|\\ud[89a-f]/i.test(json.replace(/\\\\/g, ''))).toBe(false)
          expect(told.length).toBeGreaterThan(0)
        },
      ),
    )
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(cleanValue(cycle, 'data', () => {})).toEqual({ self: null })
  })

  test('[catsyphon.plans] values that make a conversation unreadable are left out of plans', () => {
    const plans = [
      {
        plan_file_path: 'p',
        related_agent_session_ids: null,
        operations: [{ timestamp: 'yesterday', content: null, file_path: 'a' }],
      },
      { operations: null },
    ]
    const { text } = prepareEvent({ type: 'session_end', data: { outcome: 'success', plans } }, now)
    expect(JSON.parse(text('h')).data.plans).toEqual([{ plan_file_path: 'p', operations: [{ file_path: 'a' }] }, {}])
  })
})

test('[catsyphon.retry-delays] the pauses are those of the Python SDK', () => {
  expect(RETRY_DEFAULTS).toEqual({
    maxRetries: 3,
    initialDelayMs: 500,
    maxDelayMs: 30_000,
    exponentialBase: 2,
    jitter: true,
    retryableStatusCodes: [408, 429, 500, 502, 503, 504],
  })
  const plain = Array.from({ length: 8 }, (_, index) => retryDelay({ jitter: false }, index, () => 0.5))
  expect(plain).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(retryDelay({}, 20, () => 1)).toBe(37_500)
})

describe('scopes for a gateway', () => {
  test('[catsyphon.scopes] every path and method of the description has a scope', () => {
    const description = JSON.parse(readFileSync(new URL('../fixtures/catsyphon/openapi.json', import.meta.url), 'utf8')) as {
      paths: Record<string, Record<string, unknown>>
    }
    for (const [path, methods] of Object.entries(description.paths)) {
      for (const method of Object.keys(methods)) {
        const known = CATSYPHON_ROUTES.some((route) => route.path === path && route.method === method.toUpperCase())
        expect(known, `${method} ${path}`).toBe(true)
      }
    }
  })

  test('[catsyphon.scopes] routes that give out keys are server-only, and unknown routes are admin', () => {
    const scope = (method: string, path: string) => catsyphonPolicy.classify(method, path).needs
    expect(scope('POST', '/collectors')).toBe('server-only')
    expect(scope('GET', '/collectors/builtin/credentials')).toBe('server-only')
    expect(scope('POST', '/collectors/events')).toBe('send')
    expect(scope('GET', '/collectors/sessions/abc')).toBe('observe')
    expect(scope('DELETE', '/collectors/sessions/abc')).toBe('admin')
    expect(scope('GET', '/stats/anything')).toBe('admin')
  })

  test('[catsyphon.simulator-routes] the simulator answers every route of the description', async () => {
    const simulator = createCatsyphonSimulator()
    for (const { method, path } of CATSYPHON_ROUTES) {
      if (path === '/conversations') continue
      const outcome = await simulator.handle({ method, path: path.replace(/\{\w+\}/g, 'abc') })
      const unknown = outcome.kind === 'answer' && outcome.status === 404 && outcome.body === '{"detail":"Not Found"}'
      expect(unknown, `${method} ${path}`).toBe(false)
    }
  })
})
