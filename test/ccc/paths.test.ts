/** Failures of one call: abort, deadline, half-close, peer death, slow reader, giant message, split character. */
import { describe, expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { SignalboxError, type Link, type StreamTransport } from '../../src/index.js'
import { createFakeClock, memoryServer, withFaults } from '../../src/testing/index.js'
import { bench, failure, played, SESSIONS } from './kit.js'

const session = 'myproject'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A server by hand: what it does with each link. */
function server(serve: (link: Link) => Promise<void>): { transport: StreamTransport<void>; links: Link[] } {
  const memory = memoryServer()
  const links: Link[] = []
  void (async () => {
    for await (const link of memory.accept()) {
      links.push(link)
      void serve(link).catch(() => {})
    }
  })()
  return { transport: memory.transport, links }
}

describe('a call', () => {
  test('[ccc.path.abort] an abort before the call is sent: no; an abort while it waits is sent: maybe', async () => {
    const { ccc, simulator, clock, play } = bench()
    expect(await failure(ccc.ping({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'aborted', sent: 'no' })
    const controller = new AbortController()
    const continuing = failure(ccc.continue({ session, signal: controller.signal }))
    await clock.advance(100)
    controller.abort()
    expect(await play(continuing)).toMatchObject({ code: 'aborted', sent: 'maybe', op: 'continue' })
    await clock.advance(10_000)
    expect(simulator.ledger).toMatchObject([{ effect: 'continued' }])
    expect(simulator.connections).toBe(0)
  })

  test('[ccc.path.deadline] a server that never answers fails the call after the default deadline of the command', async () => {
    const { transport, links } = server(async (link) => void (await link.read()))
    const clock = createFakeClock()
    const ccc = createCcc({ transport, clock })
    for (const [work, seconds] of [
      [() => ccc.ping(), 5],
      [() => ccc.sessions(), 30],
      [() => ccc.send({ session, text: 'x' }), 60],
      [() => ccc.ask({ session: 'other', text: 'x' }), 345],
      [() => ccc.subscribe({ sessions: ['x'] }), 35],
    ] as const) {
      const began = clock.monotonic()
      expect(await played(clock, failure(work()))).toMatchObject({ code: 'deadline_exceeded' })
      expect(clock.monotonic() - began).toBe(seconds * 1_000)
    }
    expect(clock.timers).toBe(0)
    await Promise.all(links.map((link) => link.closed))
  })

  test('[ccc.path.half-close] an answer without its newline is accepted at the end; a partial answer is not', async () => {
    const whole = server(async (link) => {
      await link.write(bytes('{"ok":true,"version":"1.0.0"}'))
      await link.end()
    })
    expect((await createCcc(whole).ping()).version).toBe('1.0.0')
    const half = server(async (link) => {
      await link.write(bytes('{"ok":true,"ver'))
      await link.end()
    })
    expect(await failure(createCcc(half).send({ session, text: 'x' }))).toMatchObject({ code: 'invalid_message', sent: 'maybe' })
    const none = server((link) => link.end())
    expect(await failure(createCcc(none).send({ session, text: 'x' }))).toMatchObject({ code: 'closed', sent: 'maybe' })
  })

  test('[ccc.path.peer-death] a server that stops during an ask ends it with sent: maybe', async () => {
    const { ccc, simulator, clock, play } = bench()
    const asked = failure(ccc.ask({ session, text: 'x [[sleep 60]]' }))
    await clock.advance(5_000)
    await simulator.stop()
    expect(await play(asked)).toMatchObject({ code: 'closed', sent: 'maybe', retryable: true, receipt: { session } })
    expect(await failure(ccc.ping())).toMatchObject({ code: 'unreachable', sent: 'no' })
    expect(clock.timers).toBe(0)
  })

  test('[ccc.path.fault] a fault of the link keeps its sent, but never says yes', async () => {
    const { simulator } = bench()
    const refused = new SignalboxError({ code: 'rate_limited', message: 'too many', sent: 'no' })
    const broken = new SignalboxError({ code: 'closed', message: 'reset', sent: 'yes' })
    for (const [error, sent] of [
      [refused, 'no'],
      [broken, 'maybe'],
    ] as const) {
      const open = async (): Promise<Link> => {
        const link = await simulator.transport.open()
        return { ...link, closed: link.closed, read: () => Promise.reject(error) }
      }
      const ccc = createCcc({ transport: { ...simulator.transport, open } })
      expect(await failure(ccc.send({ session, text: 'x' }))).toMatchObject({ code: error.code, sent })
    }
  })

  test('[ccc.path.not-a-server] a peer that is not a CCC server is protocol or invalid_message', async () => {
    for (const [answer, code] of [
      ['HTTP/1.1 400 Bad Request\r\n\r\n', 'invalid_message'],
      ['[1]\n', 'protocol'],
      ['"hello"\n', 'protocol'],
      ['{"hello":1}\n', 'protocol'],
      ['Welcome to Debian\n{"ok":true}\n', 'invalid_message'],
    ] as const) {
      const { transport } = server((link) => link.write(bytes(answer)))
      expect(await failure(createCcc({ transport }).send({ session, text: 'x' }))).toMatchObject({ code, sent: 'maybe' })
    }
  })

  test('[ccc.path.split] one byte at a time, through the middle of characters', async () => {
    const { ccc, clock, simulator, play } = bench()
    const text = 'gr\u00fc\u00dfe \u4f60\u597d \ud83e\udd16 \u2028 <&> [[reply \ud83d\ude80 \u00e9\u2028]]'
    const crumbs: StreamTransport<void> = {
      ...simulator.transport,
      async open(launch, options) {
        const link = await simulator.transport.open(launch, options)
        let kept: Uint8Array = new Uint8Array()
        return {
          ...link,
          closed: link.closed,
          async read() {
            if (kept.byteLength === 0) kept = (await link.read()) ?? kept
            if (kept.byteLength === 0) return null
            const one = kept.slice(0, 1)
            kept = kept.slice(1)
            return one
          },
          async write(chunk) {
            for (const byte of chunk) await link.write(Uint8Array.of(byte))
          },
        }
      },
    }
    const answer = await play(createCcc({ transport: crumbs, clock }).ask({ session, text }))
    expect(answer).toMatchObject({ outcome: 'answered', response: '\ud83d\ude80 \u00e9\u2028', attribution: 'own' })
    expect((await play(ccc.history({ session })))[0]?.text).toBe(text)
  })

  test('[ccc.path.giant] a line of 16 MiB arrives in both directions; above the limit the error names the option', async () => {
    const { ccc, simulator, clock, play } = bench()
    const error = await play(failure(ccc.call('send', { session: 'nope', text: 'x'.repeat(16 * 1024 * 1024) })))
    expect(error).toMatchObject({ remoteCode: 'session not found' })
    // Many entries, each of them within what the server reads.
    const entry = JSON.stringify({ id: 1, ts: 1, from: 'claude', text: 'y'.repeat(60_000) })
    simulator.history.write(101, '2026-01-01-00', new Array(280).fill(entry))
    expect(await play(ccc.history({ session, limit: 280 }))).toHaveLength(280)
    const small = createCcc({ transport: simulator.transport, clock, maxLineBytes: 1024 * 1024 })
    const tooLarge = (await play(failure(small.history({ session, limit: 280 })))) as Error
    expect(tooLarge).toMatchObject({ code: 'too_large', op: 'history' })
    expect(tooLarge.message).toContain('maxLineBytes')
  })

  test('[ccc.path.slow-server] a server that reads slowly delays only its own request', async () => {
    const slow = server(async (link) => {
      let read = 0
      while (read < 1_000_000) read += (await link.read())?.byteLength ?? 1_000_000
      await link.write(bytes('{"ok":false,"error":"session not found"}\n'))
    })
    const ccc = createCcc(slow)
    const big = failure(ccc.call('send', { session, text: 'x'.repeat(1_000_000) }))
    expect(await big).toMatchObject({ code: 'not_found' })
  })

  test('[ccc.path.early-answer] an answer that arrives before the request was read is returned', async () => {
    const { transport } = server(async (link) => {
      await link.write(bytes('{"ok":false,"error":"invalid JSON"}\n'))
      await link.close()
    })
    expect(await failure(createCcc({ transport }).ping())).toMatchObject({ remoteCode: 'invalid JSON', sent: 'no' })
  })

  test('[ccc.path.duplicated] a duplicate answer counts once', async () => {
    const clock = createFakeClock()
    const { simulator } = bench()
    const transport = withFaults(simulator.transport, { seed: 1, odds: { duplicate: 1 }, direction: 'in', clock })
    const ccc = createCcc({ transport, clock })
    expect((await ccc.sessions()).map(({ name }) => name)).toEqual(SESSIONS.map(({ name }) => name).sort())
  })
})
