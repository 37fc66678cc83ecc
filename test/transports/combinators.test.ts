import { describe, expect, test } from 'vitest'
import { ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { messages } from '../../src/core/messages.js'
import {
  fallback,
  SignalboxError,
  tap,
  type ExchangeTransport,
  type Link,
  type StreamTransport,
  type TapEvent,
} from '../../src/index.js'
import {
  checkRejects,
  createRecorder,
  eachSeed,
  memoryPair,
  memoryServer,
  replayTransport,
  withFaults,
  type Fault,
} from '../../src/testing/index.js'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? undefined)

const failing = (name: string, error: SignalboxError): StreamTransport & { opened: number } => ({
  kind: 'stream',
  name,
  opened: 0,
  open() {
    this.opened += 1
    return Promise.reject(error)
  },
})
const barred = new SignalboxError({ code: 'unreachable', message: 'nobody listens', transport: 'first', sent: 'no' })

/** Echoes every line until its client ends. */
async function echo(link: Link): Promise<void> {
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) await link.write(chunk)
  await link.end()
}
function echoServer() {
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void echo(link).catch(() => {})
  })()
  return server
}

describe('fallback', () => {
  test('the next transport is tried if nothing was sent [fallback.unsent]', async () => {
    await using server = echoServer()
    const first = failing('first', barred)
    const link = await fallback([first, server.transport]).open()
    await link.write(utf8('hello'))
    expect(text(await link.read())).toBe('hello')
    expect(first.opened).toBe(1)
    await link.close()
  })

  test.each([
    ['sent', new SignalboxError({ code: 'unreachable', message: 'cut', sent: 'maybe' })],
    ['an answer', new SignalboxError({ code: 'unauthenticated', message: 'wrong token', sent: 'no' })],
    ['aborted', new SignalboxError({ code: 'aborted', message: 'aborted', sent: 'no' })],
  ])('a request that may have been %s is not sent twice [fallback.unsent]', async (_name, error) => {
    const [first, second] = [failing('first', error), failing('second', barred)]
    expect(await checkRejects(fallback([first, second]).open())).toBe(error)
    expect(second.opened).toBe(0)
  })

  test('if no transport can be opened, the error names each', async () => {
    const error = await checkRejects(fallback([failing('first', barred), failing('second', barred)]).open(), 'unreachable')
    expect(error).toMatchObject({ sent: 'no', transport: 'fallback(first, second)' })
    expect((error.cause as AggregateError).errors).toHaveLength(2)
  })

  test('an abort between two transports ends the search', async () => {
    const controller = new AbortController()
    const first: StreamTransport = {
      kind: 'stream',
      name: 'first',
      async open() {
        controller.abort()
        throw barred
      },
    }
    const second = failing('second', barred)
    await checkRejects(fallback([first, second]).open(undefined, { signal: controller.signal }), 'aborted')
    expect(second.opened).toBe(0)
  })

  test('exchanges fall back as well, but never with a body stream that was already started', async () => {
    const reader = (request: { body?: unknown }): void => {
      if (request.body instanceof ReadableStream) void request.body.getReader()
    }
    const first: ExchangeTransport = {
      kind: 'exchange',
      name: 'first',
      async exchange(request) {
        reader(request)
        throw barred
      },
    }
    const second: ExchangeTransport = {
      kind: 'exchange',
      name: 'second',
      exchange: async () => ({ status: 200, headers: {}, body: null }),
    }
    const both = fallback([first, second])
    expect((await both.exchange({ method: 'POST', path: '/', body: 'text' })).status).toBe(200)
    expect(await checkRejects(both.exchange({ method: 'POST', path: '/', body: new ReadableStream() }))).toBe(barred)
  })
})

describe('tap', () => {
  test('all bytes are reported, and an observer that throws changes nothing [tap.observes]', async () => {
    await using server = echoServer()
    const seen: TapEvent[] = []
    const watched = tap(server.transport, {
      onEvent(event) {
        seen.push(event.type === 'in' || event.type === 'out' ? { ...event, bytes: event.bytes.slice() } : event)
        throw new Error('the observer is broken')
      },
    })
    const link = await watched.open()
    await link.write(utf8('hello'))
    expect(text(await link.read())).toBe('hello')
    await link.end()
    expect(await link.read()).toBeNull()
    await link.close()
    expect(seen.map((event) => ('bytes' in event ? `${event.type} ${text(event.bytes)}` : event.type))).toEqual([
      'open',
      'out hello',
      'in hello',
      'end',
      'eof',
      'close',
    ])
  })

  test('a recording keeps lines, however they were split, and no secret [tap.redacts]', async () => {
    await using server = echoServer()
    const recorder = createRecorder({ secrets: ['my-own-secret'] })
    const link = await tap(server.transport, recorder).open()
    const line = '{"op":"login","token":"tok-abcdefgh","note":"my-own-secret \u00fc"}\n'
    for (const byte of utf8(line)) await link.write(Uint8Array.of(byte))
    let heard = ''
    while (!heard.includes('\n')) heard += text(await link.read())
    await link.close()
    const kept = JSON.stringify(recorder.lines)
    expect(kept).not.toContain('my-own-secret')
    expect(kept).not.toContain('tok-abcdefgh')
    expect(recorder.lines.map(({ type }) => type)).toEqual(['open', 'out', 'in', 'close'])
    expect(recorder.lines[1]?.line).toContain('\u00fc')
  })

  test('a recording is bounded and marks where it was truncated', async () => {
    await using server = echoServer()
    const recorder = createRecorder({ maxBytes: 100 })
    const link = await tap(server.transport, recorder).open()
    for (let index = 0; index < 20; index += 1) await link.write(utf8(`{"n":${index}}\n`))
    await link.close()
    expect(recorder.truncated).toBe(true)
    expect(recorder.lines.length).toBeLessThan(25)
  })

  test('a recording can be replayed, and a client that sends something else gets an error [tap.replays]', async () => {
    await using server = echoServer()
    const recorder = createRecorder()
    const talk = async (transport: StreamTransport, token: string): Promise<unknown[]> => {
      const link = await transport.open()
      const heard: unknown[] = []
      await link.write(utf8(`{"token":"${token}"}\n`))
      await link.end()
      for await (const message of messages(link, ndjsonDecoder())) heard.push(message)
      await link.close()
      return heard
    }
    await talk(tap(server.transport, recorder), 'the-first-token')
    const stored = JSON.parse(JSON.stringify(recorder.lines))
    // Another secret in the same position is the same conversation.
    expect(await talk(replayTransport(stored), 'another-token')).toEqual([{ token: '[redacted]' }])

    const link = await replayTransport(stored).open()
    await link.write(utf8('{"something":"else"}\n'))
    const error = await checkRejects(link.read(), 'protocol')
    expect(error.message).toContain('something')
    const replayed = replayTransport(stored)
    await talk(replayed, 'x')
    await checkRejects(replayed.open(), 'unreachable')
  })
})

describe('faults', () => {
  const talk = async (seed: number, odds: Partial<Record<Fault, number>>, direction: 'in' | 'out' | 'both' = 'both') => {
    const [near, far] = memoryPair()
    const transport: StreamTransport = { kind: 'stream', name: 'memory', open: async () => near }
    const faults: string[] = []
    const link = await withFaults(transport, {
      seed,
      odds,
      direction,
      maxLatencyMs: 2,
      onFault: (fault, where) => void faults.push(`${where} ${fault}`),
    }).open()
    void echo(far).catch(() => far.close())
    return { link, far, faults }
  }
  const lines = Array.from({ length: 40 }, (_, index) => `{"line":${index},"text":"${'\u00fc'.repeat(index)}"}\n`)
  const conversation = async (link: Link): Promise<string> => {
    let heard = ''
    const utf = new TextDecoder()
    const writing = (async () => {
      for (const line of lines) await link.write(utf8(line))
      await link.end()
    })()
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) heard += utf.decode(chunk, { stream: true })
    await writing
    return heard
  }

  test('cuts, joins and delays change no byte, for every seed [faults.harmless]', async () => {
    await eachSeed([1, 2, 3, 4, 5, 6, 7, 8], async (seed) => {
      const { link, faults } = await talk(seed, { split: 0.4, coalesce: 0.3, latency: 0.2 })
      expect(await conversation(link)).toBe(lines.join(''))
      expect(faults.length).toBeGreaterThan(5)
      await link.close()
    })
  })

  test('the same seed gives the same faults, another seed others [faults.seeded]', async () => {
    const run = async (seed: number): Promise<string> => {
      const { link, faults } = await talk(seed, { split: 0.3, duplicate: 0.3 }, 'out')
      await conversation(link)
      await link.close()
      return faults.join()
    }
    expect(await run(11)).toBe(await run(11))
    expect(await run(11)).not.toBe(await run(12))
  })

  test('a reset is a typed failure that names its seed [faults.named]', async () => {
    const { link } = await talk(77, { reset: 1 })
    const error = await checkRejects(link.write(utf8('x')), 'closed')
    expect(error.message).toContain('seed 77')
    expect(error.sent).toBe('maybe')
    await link.closed
    await expect(eachSeed([5], () => Promise.reject(error))).rejects.toThrow('with seed 5')
  })

  test('a stalled link waits until it is closed', async () => {
    const { link } = await talk(3, { stall: 1 }, 'in')
    await link.write(utf8('x'))
    const pending = link.read()
    await link.close()
    expect(await pending).toBeNull()
  })

  test('half-close, truncate and duplicate are seen by the reader', async () => {
    const half = await talk(4, { 'half-close': 1 })
    await half.link.write(utf8('x'))
    expect(await half.link.read()).toBeNull()
    // Only the direction of the peer has ended.
    await half.link.write(utf8('y'))
    await half.link.close()

    const cut = await talk(5, { truncate: 1 }, 'in')
    await cut.link.write(utf8('1234'))
    expect(text(await cut.link.read())).toBe('12')
    expect(await cut.link.read()).toBeNull()
    await cut.link.close()

    const twice = await talk(6, { duplicate: 1 }, 'in')
    await twice.link.write(utf8('ab'))
    expect([text(await twice.link.read()), text(await twice.link.read())]).toEqual(['ab', 'ab'])
    await twice.link.close()
  })
})
