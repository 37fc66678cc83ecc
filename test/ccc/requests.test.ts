/** The requests of the client, and the result of each kind of answer line. */
import { describe, expect, test } from 'vitest'
import { createCcc, createCccCore, type CccOptions } from '../../src/ccc/index.js'
import type { StreamTransport } from '../../src/index.js'
import { memoryServer } from '../../src/testing/index.js'
import { bench, failure } from './kit.js'

const session = 'myproject'

/** A server that answers each request with the next of these texts, and then closes. */
function scripted(...answers: string[]): { readonly transport: StreamTransport<void>; readonly requests: unknown[] } {
  const memory = memoryServer()
  const requests: unknown[] = []
  void (async () => {
    for await (const link of memory.accept()) {
      const request = await link.read()
      if (request) requests.push(JSON.parse(new TextDecoder().decode(request)))
      const answer = answers.shift()
      if (answer !== undefined) await link.write(new TextEncoder().encode(answer))
      await link.close()
    }
  })()
  return { transport: memory.transport, requests }
}

describe('a line that is not an answer', () => {
  test.each(['null', '[]', '7', '"ok"', '{}', '{"ok":false}', '{"ok":false,"error":7}'])(
    '[ccc.null-line] %s is protocol',
    async (line) => {
      const ccc = createCcc({ transport: scripted(`${line}\n`).transport })
      const error = await failure(ccc.send({ session, text: 'x' }))
      expect(error).toMatchObject({ code: 'protocol', sent: 'maybe', system: 'ccc', op: 'send' })
    },
  )

  test('[ccc.null-line] an end without a line is closed', async () => {
    const ccc = createCcc({ transport: scripted().transport })
    expect(await failure(ccc.send({ session, text: 'x' }))).toMatchObject({ code: 'closed', sent: 'maybe' })
  })
})

describe('values that JSON cannot hold', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  test.each([
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['Infinity inside a list', [Number.POSITIVE_INFINITY]],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a cycle', cycle],
    [
      'an object whose toJSON throws',
      {
        toJSON() {
          throw new Error('no')
        },
      },
    ],
  ])('[ccc.call.json] %s is refused, and no connection is opened', async (_what, value) => {
    const { transport, requests } = scripted('{"ok":true}\n')
    const error = await failure(createCccCore({ transport }).call('anything', { payload: value }))
    expect(error).toMatchObject({ code: 'invalid_argument', sent: 'no', op: 'anything' })
    expect(requests).toEqual([])
  })

  test('[ccc.call.json] a field that is undefined is left out', async () => {
    const { transport, requests } = scripted('{"ok":true}\n')
    await createCccCore({ transport }).call('anything', { a: undefined, b: [1, { c: undefined }] })
    expect(requests).toEqual([{ b: [1, {}], cmd: 'anything' }])
  })
})

describe('reads', () => {
  const reads = (options: CccOptions) => {
    const ccc = createCcc(options)
    return [
      () => ccc.ping(),
      () => ccc.sessions(),
      () => ccc.history({ session }),
      () => ccc.activity(),
      () => ccc.screenshot({ session }),
      () => ccc.questions({ session }),
    ]
  }

  test('[ccc.reads] a connection that ends, a broken line and a strange answer are sent: no', async () => {
    for (const answers of [[], ['null\n'], ['not json\n'], ['{"ok":false,"error":"host not configured: lost"}\n']]) {
      for (const read of reads({ transport: scripted(...answers).transport })) {
        expect(await failure(read())).toMatchObject({ sent: 'no' })
        answers.length = 0
      }
    }
  })

  test('[ccc.reads] a deadline and an abort during a read have sent: no; during a send they have sent: maybe', async () => {
    const { ccc, clock } = bench({ hosts: { lost: { fails: 'timed out', afterMs: 60_000 } } })
    const controller = new AbortController()
    const late = failure(ccc.screenshot({ session: 'lost:api', timeoutMs: 1_000 }))
    const aborted = failure(ccc.screenshot({ session: 'lost:api', signal: controller.signal }))
    const written = failure(ccc.send({ session, text: 'x', timeoutMs: 1_000 }))
    await clock.advance(1_000)
    controller.abort()
    expect(await late).toMatchObject({ code: 'deadline_exceeded', sent: 'no' })
    expect(await aborted).toMatchObject({ code: 'aborted', sent: 'no' })
    expect(await written).toMatchObject({ code: 'deadline_exceeded', sent: 'maybe' })
  })
})

describe('a filtered history', () => {
  const filled = (generation: 'january' | '1.12.5') => {
    const setup = bench({ generation })
    const entry = (from: string, n: number): string => JSON.stringify({ id: n + 1, ts: n + 1, from, text: `${n}` })
    const lines = Array.from({ length: 400 }, (_, n) => entry(n % 20 === 0 ? 'claude' : 'api', n))
    setup.simulator.history.write(101, '2026-01-01-00', lines)
    return setup
  }

  test.each(['january', '1.12.5'] as const)(
    '[ccc.history.filter] a server of %s: the newest entries, as many as were asked for',
    async (age) => {
      const { ccc, play } = filled(age)
      const texts = async (limit?: number) =>
        (await play(ccc.history({ session, fromFilter: 'claude', ...(limit === undefined ? {} : { limit }) }))).map(
          ({ text }) => text,
        )
      expect(await texts(3)).toEqual(['340', '360', '380'])
      // The history has no more than 20 of them.
      expect(await texts()).toHaveLength(20)
      expect(await texts(0)).toHaveLength(20)
      expect(await play(ccc.history({ session, fromFilter: 'claude', limit: 3, after: 370 }))).toHaveLength(1)
      expect(await play(ccc.history({ session, limit: 3 }))).toHaveLength(3)
    },
  )
})

describe('keys in a text', () => {
  test.each(['\r', 'a\x03b', 'a\x1b[A', '\x7f', 'a\u009bA', '\x00'])(
    '[ccc.text.keys] %j is refused, and nothing is sent',
    async (text) => {
      const { ccc, simulator, play } = bench({}, { textPolicy: 'refuse' })
      expect(await play(failure(ccc.send({ session, text })))).toMatchObject({ code: 'invalid_argument', sent: 'no' })
      expect(simulator.ledger).toEqual([])
    },
  )

  test('[ccc.text.keys] by default a carriage return becomes a line feed, and any other key is refused', async () => {
    const { ccc, play } = bench()
    const { receipt } = await play(ccc.send({ session, text: 'one\r\ntwo\rthree\n\tfour' }))
    expect(receipt.text).toBe('one\ntwo\nthree\n\tfour')
    expect((await play(ccc.resolve(receipt))).outcome).not.toBe('unknown')
    const error = (await play(failure(ccc.send({ session, text: 'stop \x03' })))) as Error
    expect(error).toMatchObject({ code: 'invalid_argument', sent: 'no' })
    expect(error.message).toContain('U+0003')
  })
})
