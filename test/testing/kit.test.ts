/** Tests of the testing kit: its faults, recordings, simulators and handlers. */
import { getEventListeners } from 'node:events'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createCccSimulator } from '../../src/testing/index.js'
import {
  catsyphonFaults,
  createCatsyphonSimulator,
  createCcccSimulator,
  createCcccWebPortSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
  createCmdopRelaySimulator,
  createFakeClock,
  createRecorder,
  memoryPair,
  memoryServer,
  replayTransport,
  withFaults,
} from '../../src/testing/index.js'
import { SignalboxError, tap, type Link, type StreamTransport } from '../../src/index.js'
import { createCcc } from '../../src/ccc/index.js'
import { createClaude } from '../../src/claude/index.js'
import { catsyphonHandlers, cmdopHandlers } from '../../src/testing/msw/index.js'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? undefined)
const giving = (link: Link): StreamTransport => ({ kind: 'stream', name: 'given', open: async () => link })

describe('faults', () => {
  test('a fault after a chunk that is being joined discards nothing, and no timer stays [faults.keep]', async () => {
    const [near] = memoryPair()
    const script = [
      () => Promise.resolve(utf8('kept')),
      () => Promise.reject(new SignalboxError({ code: 'closed', message: 'fell' })),
    ]
    const broken: Link = { ...near, read: () => (script.shift() ?? (() => Promise.resolve(null)))() }
    const clock = createFakeClock()
    const link = await withFaults(giving(broken), { seed: 1, odds: { coalesce: 1 }, clock }).open()
    expect(text(await link.read())).toBe('kept')
    await expect(link.read()).rejects.toMatchObject({ code: 'closed' })
    expect(clock.timers).toBe(0)
    await near.close()
  })

  test.each(['split', 'coalesce', 'duplicate'] as const)(
    'after close no bytes of a %s chunk are delivered [faults.close]',
    async (fault) => {
      const [near, far] = memoryPair()
      const link = await withFaults(giving(near), { seed: 3, odds: { [fault]: 1 } }).open()
      await far.write(utf8('some bytes that come in pieces'))
      await far.write(utf8('and more'))
      expect(await link.read()).not.toBeNull()
      await link.close()
      expect(await link.read()).toBeNull()
    },
  )
})

describe('the fault kill', () => {
  const server = () => {
    const peer = memoryServer()
    void (async () => {
      for await (const link of peer.accept()) {
        void (async () => {
          for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) await link.write(chunk).catch(() => {})
        })()
      }
    })()
    return peer
  }

  test('resets every open link, and no link opens until the peer is back [faults.kill]', async () => {
    await using peer = server()
    const clock = createFakeClock()
    const faults: string[] = []
    const options = { seed: 5, clock, downMs: 300, direction: 'out', onFault: (fault: string) => void faults.push(fault) } as const
    let odds = { kill: 0 }
    const transport = withFaults(peer.transport, {
      ...options,
      get odds() {
        return odds
      },
    })
    const idle = await transport.open()
    const waiting = idle.read()
    waiting.catch(() => {})
    odds = { kill: 1 }
    const victim = await transport.open()
    await expect(victim.write(utf8('a'))).rejects.toMatchObject({ code: 'closed', sent: 'maybe' })
    await expect(waiting).rejects.toMatchObject({ code: 'closed', sent: 'maybe' })
    await expect(idle.read()).rejects.toMatchObject({ code: 'closed' })
    expect(faults).toEqual(['kill'])
    await expect(transport.open()).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    await clock.advance(299)
    await expect(transport.open()).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    odds = { kill: 0 }
    await clock.advance(1)
    const fresh = await transport.open()
    await fresh.write(utf8('back'))
    expect(text(await fresh.read())).toBe('back')
    await fresh.close()
    expect(clock.timers).toBe(0)
  })

  test('a chunk from the peer that meets it is not delivered, nor are the pieces before it [faults.kill]', async () => {
    await using peer = server()
    const link = await withFaults(peer.transport, { seed: 5, odds: { kill: 1 }, direction: 'in' }).open()
    await link.write(utf8('hello'))
    await expect(link.read()).rejects.toMatchObject({ code: 'closed', sent: 'maybe' })
    expect(await link.closed).toMatchObject({ kind: 'local' })
  })
})

describe('a fake clock', () => {
  test('with a turn of its own waits for that turn and not for a timer [clock.turn]', async () => {
    let turns = 0
    const turn = async (): Promise<void> => {
      turns += 1
    }
    const clock = createFakeClock({ turn })
    const fired: number[] = []
    clock.after(5, () => void fired.push(clock.monotonic()))
    await clock.advance(10)
    expect(fired).toEqual([5])
    expect(turns).toBe(2)
  })
})

describe('recordings', () => {
  test('a full recording keeps no partial line, which could be half of a secret [recording.full]', async () => {
    await using server = memoryServer()
    const recorder = createRecorder({ secrets: ['correct-horse-battery-staple'], maxBytes: 40 })
    const link = await tap(server.transport, recorder).open()
    await link.write(utf8('{"note":"correct-horse-bat'))
    await link.write(utf8('tery-staple and what follows"}\n'))
    await link.close()
    expect(recorder.truncated).toBe(true)
    expect(JSON.stringify(recorder.lines)).not.toContain('correct-horse')
  })

  test('a client that sends more than was recorded gets an error, also if the recorded link was still open [recording.more]', async () => {
    const recording = [
      { link: 1, type: 'open' },
      { link: 1, type: 'out', line: 'one' },
      { link: 1, type: 'in', line: 'two' },
    ] as const
    const link = await replayTransport(recording).open()
    await link.write(utf8('one\n'))
    expect(text(await link.read())).toBe('two\n')
    await link.write(utf8('three\n'))
    await expect(link.read()).rejects.toMatchObject({ code: 'protocol' })
  })
})

describe('simulators', () => {
  const opens: Record<string, () => StreamTransport<never>> = {
    ccc: () => createCccSimulator().transport as StreamTransport<never>,
    cccc: () => createCcccSimulator().transport as StreamTransport<never>,
    claude: () => createClaudeSimulator().transport as StreamTransport<never>,
    cmdop: () => createCmdopCoreSimulator().transport as StreamTransport<never>,
  }
  test.each(Object.entries(opens))(
    '%s: an open whose signal is already aborted is refused [testing.open-aborted]',
    async (_name, make) => {
      await expect(make().open({} as never, { signal: AbortSignal.abort('no') })).rejects.toMatchObject({
        code: 'aborted',
        sent: 'no',
      })
    },
  )

  test('the fault function of CCC is called once for each request, so that a counting function is correct [ccc.sim.faults-once]', async () => {
    const simulator = createCccSimulator({ sessions: [{ name: 'a', running: true }] })
    const client = createCcc({ transport: simulator.transport })
    let left = 1
    simulator.faults.answerWith = () => (left-- > 0 ? 'out of order' : undefined)
    await expect(client.ping()).rejects.toThrow(/out of order/)
    await client.ping()
    delete simulator.faults.answerWith
    left = 1
    simulator.faults.hangUp = () => (left-- > 0 ? 'after' : undefined)
    await expect(client.send({ session: 'a', text: 'x', from: 'y' })).rejects.toMatchObject({ sent: 'maybe' })
    expect(simulator.ledger.filter(({ effect }) => effect === 'stored').length).toBe(1)
    await client[Symbol.asyncDispose]()
    await simulator[Symbol.asyncDispose]()
  })

  test('a stopped CCC server leaves no timer, also while it fetches a remote answer [ccc.sim.stop]', async () => {
    const clock = createFakeClock()
    const simulator = createCccSimulator({
      clock,
      hosts: { far: 'plain' },
      sessions: [{ name: 'far:x', host: 'far', running: true }],
    })
    simulator.enter('far:x', 'hello')
    await clock.advance(3_000)
    expect(clock.timers).toBe(1)
    await simulator.stop()
    expect(clock.timers).toBe(0)
  })

  test('a model that throws ends its process, and the turn fails with this reason [claude.sim-model-throws]', async () => {
    const simulator = createClaudeSimulator({
      model: () => {
        throw new Error('the test is wrong')
      },
    })
    const claude = createClaude({ transport: simulator.transport })
    await expect(claude.querySimple('x', { timeoutMs: 5_000 })).rejects.toThrow()
    await claude.close()
    expect(simulator.running).toBe(0)
  })

  test('the web port of CCCC reacts to an abort before a call and in the middle of a stream [cccc.web-simulated-abort]', async () => {
    const clock = createFakeClock()
    const daemon = createCcccSimulator({ dialect: 'C' })
    const port = createCcccWebPortSimulator({ daemon, clock })
    const exchange = port.exchange()
    await expect(
      exchange.exchange({ method: 'GET', path: '/api/v1/groups' }, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'aborted', sent: 'no' })
    const made = await exchange.exchange({ method: 'POST', path: '/api/v1/groups', body: '{"title":"x"}' })
    const { result } = JSON.parse(await new Response(made.body as ReadableStream<Uint8Array<ArrayBuffer>>).text())
    const controller = new AbortController()
    const path = `/api/v1/groups/${result.group_id}/ledger/stream`
    const { body } = await exchange.exchange({ method: 'GET', path }, { signal: controller.signal })
    const reader = body?.getReader()
    expect(text((await reader?.read())?.value ?? null)).toBe(': connected\n\n')
    const waiting = reader?.read()
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect([port.streams, clock.timers, getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0, 0])
    await port[Symbol.asyncDispose]()
    await daemon[Symbol.asyncDispose]()
  })
})

describe('handlers of MSW', () => {
  const server = setupServer()
  beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
  afterEach(() => server.resetHandlers())
  afterAll(() => server.close())

  test('a truncated answer of CatSyphon is truncated here too [catsyphon.msw-truncate]', async () => {
    const simulator = createCatsyphonSimulator()
    server.use(...catsyphonHandlers({ baseUrl: 'http://cat.test', simulator }))
    simulator.inject(catsyphonFaults.truncate())
    const reply = await fetch('http://cat.test/health')
    await expect(reply.text()).rejects.toThrow()
    expect((await (await fetch('http://cat.test/health')).text()).length).toBeGreaterThan(0)
  })

  test('when the reader of a CMDOP stream goes away, the stream ends in the relay too [cmdop.msw-left]', async () => {
    const relay = createCmdopRelaySimulator()
    server.use(...cmdopHandlers({ relay, baseUrl: 'http://relay.test' }))
    const controller = new AbortController()
    const path = `http://relay.test/api/admin/machines/00000000-0000-4000-8001-000000000001/ask`
    const reply = await fetch(path, { method: 'POST', body: '{"prompt":"[[say a]][[hang]]"}', signal: controller.signal })
    const reader = reply.body?.getReader()
    await reader?.read()
    expect(relay.asks.open).toBe(1)
    controller.abort()
    await expect(reader?.read()).rejects.toThrow()
    expect(relay.asks.open).toBe(0)
  })
})
