/** Failures that every link must survive, over every transport; most rows are real failures of other projects. */
import { describe, expect, test } from 'vitest'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { createCaller } from '../../src/core/call.js'
import { batches, messages } from '../../src/core/messages.js'
import { createStream } from '../../src/core/stream.js'
import type { Link, StreamTransport } from '../../src/index.js'
import { systemClock, type Clock } from '../../src/core/clock.js'
import { checkRejects, createFakeClock } from '../../src/testing/index.js'
import { ways, type Way } from './ways.js'

type Serve = (link: Link) => Promise<void>

function serve({ listener }: Way, each: Serve): { links: Link[] } {
  const links: Link[] = []
  void (async () => {
    for await (const link of listener.accept()) {
      links.push(link)
      each(link).catch(() => link.close())
    }
  })()
  return { links }
}

/** A minimal client: one request and one answer on a separate link. */
function client(transport: StreamTransport, clock: Clock = systemClock) {
  const caller = createCaller({ system: 'test', transport: transport.name, clock })
  return {
    ask: (message: unknown, options?: { signal?: AbortSignal; timeoutMs?: number }) =>
      caller.run({ op: 'ask' }, options, async ({ signal }) => {
        const link = await transport.open(undefined, { signal })
        const stop = (): void => void link.close()
        signal.addEventListener('abort', stop, { once: true })
        try {
          await link.write(encodeNdjson(message))
          const answer = await messages(link, ndjsonDecoder()).next()
          signal.throwIfAborted()
          return answer.value
        } finally {
          signal.removeEventListener('abort', stop)
          await link.close()
        }
      }),
    async listen() {
      const link = await transport.open()
      const source = batches(link, ndjsonDecoder())
      return createStream<unknown>({
        pull: async () => (await source.next()).value ?? null,
        close: async () => void (await link.close()),
      })
    },
  }
}

const echoLines: Serve = async (link) => {
  for await (const message of messages(link, ndjsonDecoder())) await link.write(encodeNdjson({ echo: message }))
  await link.end()
}

describe.each(Object.keys(ways))('over %s', (name) => {
  const made = (): Promise<Way> => (ways[name] as () => Promise<Way>)()

  test('when a peer takes the request and never answers, the deadline ends the call and closes the link [path.response-timeout]', async () => {
    await using way = await made()
    const clock = createFakeClock()
    let taken = false
    const { links } = serve(way, async (link) => {
      for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) taken = true
      await link.end()
    })
    const asked = checkRejects(client(way.transport, clock).ask({ hello: 1 }, { timeoutMs: 300 }), 'deadline_exceeded')
    await expect.poll(() => taken).toBe(true)
    await clock.advance(300)
    const error = await asked
    expect(error.sent).toBe('maybe')
    await expect.poll(() => links.length).toBe(1)
    // The peer sees the close: nothing waits in the background.
    expect((await (links[0] as Link).closed).kind).not.toBe('local')
  })

  test('an abort of the caller ends the call at once and keeps its reason [path.abort]', async () => {
    await using way = await made()
    serve(way, async () => {})
    const controller = new AbortController()
    const asked = client(way.transport).ask({}, { signal: controller.signal })
    asked.catch(() => {})
    const reason = new Error('the page was closed')
    controller.abort(reason)
    const error = await checkRejects(asked, 'aborted')
    expect(error.cause).toBe(reason)
  })

  test('break closes the connection [path.break]', async () => {
    await using way = await made()
    let stopped: unknown
    const { links } = serve(way, async (link) => {
      for (let count = 0; ; count += 1) {
        await link.write(encodeNdjson({ count })).catch((error: unknown) => {
          stopped = error
          throw error
        })
      }
    })
    const seen: unknown[] = []
    for await (const message of await client(way.transport).listen()) {
      seen.push(message)
      if (seen.length === 3) break
    }
    expect(seen).toEqual([{ count: 0 }, { count: 1 }, { count: 2 }])
    await (links[0] as Link).closed
    expect(stopped).toBeDefined()
  })

  test('bytes that the peer sends before the first read are not lost [path.early-events]', async () => {
    await using way = await made()
    const { links } = serve(way, async (link) => {
      await link.write(encodeNdjson({ event: 'hello' }))
      await link.write(encodeNdjson({ event: 'and more' }))
      await link.end()
    })
    const link = await way.transport.open()
    // The peer has finished long before the first read.
    await expect.poll(() => links.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const heard: unknown[] = []
    for await (const message of messages(link, ndjsonDecoder())) heard.push(message)
    expect(heard).toEqual([{ event: 'hello' }, { event: 'and more' }])
    await link.close()
  })

  test('a write that waits for a reader fails when the peer dies [path.pending-write]', async () => {
    await using way = await made()
    const { links } = serve(way, async () => {})
    const link = await way.transport.open()
    // More than any window; a transport can accept the first of them.
    const writes = Array.from({ length: 200 }, () => link.write(new Uint8Array(256 * 1024)))
    for (const write of writes) write.catch(() => {})
    await expect.poll(() => links.length).toBe(1)
    await (links[0] as Link).close({ graceMs: 0 })
    const settled = await Promise.allSettled(writes)
    const taken = settled.findIndex(({ status }) => status === 'rejected')
    expect(taken).toBeGreaterThanOrEqual(0)
    expect(settled.slice(taken).every(({ status }) => status === 'rejected')).toBe(true)
    for (const write of writes.slice(taken)) expect((await checkRejects(write, 'closed')).sent).not.toBe('yes')
    await link.close()
  })

  test.runIf(name !== 'memory')(
    'a giant write that is pending when the peer dies is not reported as sent [path.pending-write]',
    async () => {
      await using way = await made()
      const { links } = serve(way, async () => {})
      const link = await way.transport.open()
      const giant = link.write(new Uint8Array(32 * 1024 * 1024))
      giant.catch(() => {})
      await expect.poll(() => links.length).toBe(1)
      await (links[0] as Link).close({ graceMs: 0 })
      expect((await checkRejects(giant, 'closed')).sent).toBe('maybe')
      await link.close()
    },
  )

  test('a message of twelve megabytes arrives whole in both directions [path.giant]', async () => {
    await using way = await made()
    serve(way, echoLines)
    const text = `"}{"\u00fc\u2028${'x'.repeat(12_000_000)}`
    const answer = (await client(way.transport).ask({ text })) as { echo: { text: string } }
    expect(answer.echo.text === text).toBe(true)
  })

  test('a reader that pauses between chunks loses nothing, and its peer is paused too [path.slow-reader]', async () => {
    await using way = await made()
    let handed = 0
    serve(way, async (link) => {
      for (let count = 0; count < 400; count += 1) {
        await link.write(new Uint8Array(32 * 1024).fill(count & 0xff))
        handed += 32 * 1024
      }
      await link.end()
    })
    const link = await way.transport.open()
    const first = await link.read()
    let last = -1
    await expect
      .poll(
        () => {
          const still = handed === last
          last = handed
          return still
        },
        { interval: 100 },
      )
      .toBe(true)
    // The writer is paused long before the end.
    expect(handed).toBeLessThan(400 * 32 * 1024)
    let heard = first?.byteLength ?? 0
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
      heard += chunk.byteLength
      if (heard % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(heard).toBe(400 * 32 * 1024)
    await link.close()
  })

  test('a character that is split at every byte arrives whole; the other direction stays open after the own end [path.half-close]', async () => {
    await using way = await made()
    serve(way, async (link) => {
      let text = ''
      const utf8 = new TextDecoder()
      for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) text += utf8.decode(chunk, { stream: true })
      // The answer starts only after the client has ended its direction.
      for (const byte of encodeNdjson({ heard: text })) await link.write(Uint8Array.of(byte))
      await link.end()
    })
    const link = await way.transport.open()
    for (const byte of new TextEncoder().encode('\u4fe1\u53f7\u7bb1 \u{1f6e4}')) await link.write(Uint8Array.of(byte))
    await link.end()
    const heard: unknown[] = []
    for await (const message of messages(link, ndjsonDecoder())) heard.push(message)
    expect(heard).toEqual([{ heard: '\u4fe1\u53f7\u7bb1 \u{1f6e4}' }])
    expect((await link.closed).kind).toBe('eof')
  })
})

test('clients over different transports in one process do not influence each other [path.two-clients]', async () => {
  const made = await Promise.all(Object.values(ways).map((make) => make()))
  for (const [index, way] of made.entries()) {
    serve(way, async (link) => {
      for await (const message of messages(link, ndjsonDecoder())) await link.write(encodeNdjson({ from: index, message }))
      await link.end()
    })
  }
  const clients = made.map(({ transport }) => client(transport))
  const asked = Array.from({ length: 60 }, (_, count) => count)
  const answers = await Promise.all(asked.map((count) => clients[count % clients.length]?.ask({ count })))
  expect(answers).toEqual(asked.map((count) => ({ from: count % clients.length, message: { count } })))
  // The end of one link does not affect the others.
  await made[0]?.[Symbol.asyncDispose]()
  expect(await clients[1]?.ask({ still: 'here' })).toEqual({ from: 1, message: { still: 'here' } })
  await Promise.all(made.slice(1).map((way) => way[Symbol.asyncDispose]()))
})
