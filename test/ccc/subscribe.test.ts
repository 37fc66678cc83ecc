/** The status stream: gaps, changed sets, liveness, slow readers, and cleanup. */
import { describe, expect, test } from 'vitest'
import { createCcc, type StatusEvent } from '../../src/ccc/index.js'
import { SignalboxError, type Link, type SignalStream, type StreamTransport } from '../../src/index.js'
import { createCccSimulator, createFakeClock, memoryServer } from '../../src/testing/index.js'
import { bench, failure, played } from './kit.js'

const session = 'myproject'
const short = (event: StatusEvent): string => {
  if (event.type === 'status') return `${event.session} ${event.status}`
  if (event.type === 'subscribed') return `subscribed ${event.sessions.join(' ')}`
  return event.type === 'gap' ? `gap ${event.reason}` : `unknown ${JSON.stringify(event.raw)}`
}

/** Reads in the background; what came so far is in the list. */
function collect(stream: SignalStream<StatusEvent>): { readonly seen: string[]; readonly done: Promise<unknown> } {
  const seen: string[] = []
  const done = (async () => {
    for await (const event of stream) seen.push(short(event))
  })().catch((error: unknown) => error)
  return { seen, done }
}

describe('the stream', () => {
  test('[ccc.subscribe.transitions] each change once: idle, active, idle, stopped', async () => {
    const { ccc, simulator, clock } = bench()
    const stream = await ccc.subscribe({ sessions: [session, 'asleep', 'unknown,name'] })
    const { seen, done } = collect(stream)
    await clock.advance(6_000)
    const asked = ccc.ask({ session, text: 'x [[sleep 20]]' })
    await clock.advance(60_000)
    await asked
    simulator.stopSession(session)
    simulator.start('asleep')
    await clock.advance(6_000)
    // An unknown name is not an error and gives no event; its comma is part of the name.
    expect(seen).toEqual([
      'subscribed myproject asleep unknown,name',
      'myproject idle',
      'asleep stopped',
      'myproject active',
      'myproject idle',
      'myproject stopped',
      'asleep idle',
    ])
    await stream.close()
    expect(await done).toBeUndefined()
  })

  test('[ccc.subscribe.gap] a server restart gives a gap, and then every status again', async () => {
    const clock = createFakeClock()
    let simulator = createCccSimulator({ sessions: [{ name: session, running: true }], clock })
    const transport: StreamTransport<void> = {
      kind: 'stream',
      name: 'restarting',
      open: (launch, options) => simulator.transport.open(launch, options),
    }
    const ccc = createCcc({ transport, clock })
    const stream = await ccc.subscribe()
    const { seen, done } = collect(stream)
    await clock.advance(6_000)
    await simulator.stop()
    await clock.advance(500)
    simulator = createCccSimulator({ sessions: [{ name: session, running: true }, { name: 'second' }], clock })
    await clock.advance(90_000)
    expect(seen.slice(0, 3)).toEqual(['subscribed myproject', 'myproject idle', 'gap reconnect'])
    expect(seen.slice(-3)).toEqual(['subscribed myproject second', 'myproject idle', 'second stopped'])
    await ccc[Symbol.asyncDispose]()
    await done
    await simulator.stop()
    expect(clock.timers).toBe(0)
  })

  test('[ccc.subscribe.gap] attempts that are used up end the stream with the cause; the outage is one gap', async () => {
    const { ccc, simulator, clock } = bench()
    const stream = await ccc.subscribe({ backoff: { maxAttempts: 2 } })
    const { seen, done } = collect(stream)
    await clock.advance(6_000)
    await simulator.stop()
    await clock.advance(60_000)
    expect(await done).toMatchObject({ code: 'unreachable', system: 'ccc', op: 'subscribe' })
    expect(seen.filter((event) => event.startsWith('gap'))).toHaveLength(1)
    expect(clock.timers).toBe(0)
  })

  test('[ccc.subscribe.follows-set] new and removed sessions are followed without a gap, and no status is delivered twice', async () => {
    const { ccc, simulator, clock } = bench({ sessions: [{ name: 'a', running: true }, { name: 'b' }] })
    const stream = await ccc.subscribe({ checkEveryMs: 20_000 })
    const { seen, done } = collect(stream)
    await clock.advance(10_000)
    simulator.configure({ name: 'c' })
    await clock.advance(40_000)
    simulator.remove('b')
    await clock.advance(40_000)
    simulator.configure({ name: 'b', deleted: false })
    await clock.advance(40_000)
    expect(seen).toEqual([
      'subscribed a b',
      'a idle',
      'b stopped',
      'subscribed a b c',
      'c stopped',
      'subscribed a c',
      'subscribed a b c',
      'b stopped',
    ])
    expect(simulator.connections).toBe(1)
    await stream.close()
    await done
    await clock.settle()
    expect(simulator.connections).toBe(0)
  })

  test('[ccc.subscribe.follows-set] the sessions that the caller named do not change', async () => {
    const { ccc, simulator, clock } = bench({ sessions: [{ name: 'a' }] })
    const stream = await ccc.subscribe({ sessions: ['a'], checkEveryMs: 10_000 })
    const { seen, done } = collect(stream)
    simulator.configure({ name: 'c' })
    await clock.advance(60_000)
    expect(seen).toEqual(['subscribed a', 'a stopped'])
    await stream.close()
    await done
  })

  test('[ccc.subscribe.liveness] a silent server is detected with a second connection', async () => {
    const clock = createFakeClock()
    const { simulator } = bench({ sessions: [{ name: session }] }, {})
    let mute = false
    // Like a machine that is switched off: from some moment on nothing answers, and no link ends.
    const transport: StreamTransport<void> = {
      kind: 'stream',
      name: 'switched-off',
      async open(launch, options) {
        const link = await simulator.transport.open(launch, options)
        return mute ? { ...link, closed: link.closed, read: () => link.closed.then(() => null) } : link
      },
    }
    const ccc = createCcc({ transport, clock })
    const stream = await ccc.subscribe({ sessions: [session] })
    const { seen, done } = collect(stream)
    await clock.advance(1_000)
    mute = true
    await clock.advance(33_000)
    expect(seen).toEqual(['subscribed myproject'])
    // The check begins after 30 s and waits 5 s for an answer.
    await clock.advance(2_000)
    expect(seen).toEqual(['subscribed myproject', 'gap reconnect'])
    await clock.advance(35_000)
    // Failed attempts give no further gaps.
    expect(seen).toHaveLength(2)
    mute = false
    await clock.advance(120_000)
    expect(seen.at(-1)).toBe('subscribed myproject')
    await stream.close()
    await done
    expect(clock.timers).toBe(0)
  })

  test('[ccc.subscribe.liveness] a server that is too old for ping counts as alive', async () => {
    const { ccc, simulator, clock } = bench({ generation: 'january' })
    const stream = await ccc.subscribe({ checkEveryMs: 10_000 })
    const { seen, done } = collect(stream)
    await clock.advance(120_000)
    expect(seen.filter((event) => event.startsWith('gap') || event.startsWith('subscribed'))).toHaveLength(1)
    expect(simulator.connections).toBe(1)
    await stream.close()
    await done
  })

  test('[ccc.subscribe.dead-hosts] hosts that hang do not delay the open, and are not asked repeatedly', async () => {
    const away = { fails: 'timed out', afterMs: 10_000 }
    const hosts = Object.fromEntries(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7', 'h8'].map((name) => [name, away]))
    const sessions = [{ name: 'a' }, ...Object.keys(hosts).map((host) => ({ name: `${host}:x`, host }))]
    const { simulator, clock } = bench({ sessions, hosts })
    const asked: string[] = []
    const ccc = createCcc({
      transport: simulator.transport,
      clock,
      interceptors: [
        async (call, next) => {
          asked.push(call.op)
          return next(call)
        },
      ],
    })
    const began = clock.monotonic()
    const stream = await played(clock, ccc.subscribe({ checkEveryMs: 10_000 }))
    // `sessions` would take five seconds for each of them.
    expect(clock.monotonic() - began).toBeLessThan(10_000)
    const { done } = collect(stream)
    await clock.advance(60_000)
    expect(asked).not.toContain('sessions')
    expect(asked.filter((op) => op === 'activity').length).toBeGreaterThan(4)
    await stream.close()
    await done
  })

  /** A stream whose checks are held up, so that something can happen meanwhile. */
  async function checked(reader: (event: string, seen: readonly string[]) => Promise<void>) {
    const { simulator, clock } = bench({ sessions: [{ name: 'a' }] })
    const hold = { on: false }
    let checks = 0
    const waiting: ((error?: SignalboxError) => void)[] = []
    const ccc = createCcc({
      transport: simulator.transport,
      clock,
      interceptors: [
        async (call, next) => {
          if (call.op === 'activity') checks += 1
          if (call.op === 'activity' && hold.on) {
            const error = await new Promise<SignalboxError | undefined>((resolve) => waiting.push(resolve))
            if (error) throw error
          }
          return next(call)
        },
      ],
    })
    const stream = await ccc.subscribe({ checkEveryMs: 7_000 })
    hold.on = true
    checks = 0
    const seen: string[] = []
    const reading = (async () => {
      for await (const event of stream) {
        seen.push(short(event))
        await reader(short(event), seen)
      }
    })()
    const end = async (): Promise<void> => {
      await stream.close()
      await reading
      await simulator.stop()
      await clock.settle()
      expect(clock.timers).toBe(0)
    }
    return { simulator, clock, seen, waiting, hold, checks: () => checks, end }
  }

  test('[ccc.subscribe.liveness] a failed check is ignored while frames arrive', async () => {
    const { simulator, clock, seen, waiting, end } = await checked(async () => {})
    await clock.advance(8_000)
    expect(waiting).toHaveLength(1)
    simulator.start('a')
    await clock.advance(5_000)
    waiting[0]?.(new SignalboxError({ code: 'closed', message: 'gone' }))
    await clock.advance(3_000)
    expect(seen).toEqual(['subscribed a', 'a stopped', 'a idle'])
    // After a silence the failed check ends the link, which gives a gap.
    await clock.advance(6_000)
    waiting[1]?.(new SignalboxError({ code: 'closed', message: 'gone' }))
    await clock.settle()
    expect(seen.at(-1)).toBe('gap reconnect')
    await end()
  })

  test('[ccc.subscribe.slow-reader] a reader that becomes busy during a check keeps its link, and no check begins before it is done', async () => {
    let go = (): void => {}
    const { simulator, clock, seen, waiting, hold, checks, end } = await checked(async (event) => {
      if (event === 'a idle') await new Promise<void>((resolve) => (go = resolve))
    })
    await clock.advance(8_000)
    simulator.start('a')
    await clock.advance(3_000)
    expect(seen.at(-1)).toBe('a idle')
    simulator.configure({ name: 'b' })
    hold.on = false
    waiting[0]?.()
    simulator.stopSession('a')
    await clock.advance(60_000)
    // One link: that of the stream. Two lists of sessions: one to compare, and one for the subscription that came too late.
    expect([simulator.connections, checks()]).toEqual([1, 2])
    go()
    await clock.settle()
    expect(seen.slice(3)).toEqual(['a stopped'])
    await clock.advance(14_000)
    expect(seen.slice(4)).toEqual(['subscribed a b', 'b stopped'])
    await end()
  })

  test('[ccc.subscribe.unknown] unknown events are delivered unchanged', async () => {
    const memory = memoryServer()
    void (async () => {
      for await (const link of memory.accept()) {
        await link.read()
        const frames = ['{"event":"subscribed","session":"a"}', '{"event":"message","from":"claude","text":"hi"}', '[1]']
        await link.write(new TextEncoder().encode(`${frames.join('\n')}\n`))
      }
    })()
    const clock = createFakeClock()
    const ccc = createCcc({ transport: memory.transport, clock })
    const stream = await ccc.subscribe({ sessions: ['a'] })
    const { seen, done } = collect(stream)
    await clock.settle()
    expect(seen).toEqual(['subscribed a', 'unknown {"event":"message","from":"claude","text":"hi"}', 'unknown [1]'])
    await stream.close()
    await done
  })

  test('[ccc.subscribe.slow-reader] nothing is read ahead and nothing is lost: a slow reader finds every change', async () => {
    const { ccc, simulator, clock } = bench({ sessions: [{ name: 'a' }] })
    const stream = await ccc.subscribe({ sessions: ['a'], checkEveryMs: 7_000 })
    for (let turn = 0; turn < 6; turn += 1) {
      await clock.advance(5_000)
      if (turn % 2 === 0) simulator.start('a')
      else simulator.stopSession('a')
    }
    await clock.advance(5_000)
    const { seen, done } = collect(stream)
    await clock.settle()
    const changes = ['stopped', 'idle', 'stopped', 'idle', 'stopped', 'idle', 'stopped']
    expect(seen).toEqual(['subscribed a', ...changes.map((status) => `a ${status}`)])
    await simulator.stop()
    await stream.close()
    await done
    expect(clock.timers).toBe(0)
  })

  test('[ccc.subscribe.slow-reader] a set that changes while the reader is busy is followed later, and no event is lost', async () => {
    const { ccc, simulator, clock } = bench({ sessions: [{ name: 'a' }] })
    const stream = await ccc.subscribe({ checkEveryMs: 10_000 })
    const seen: string[] = []
    let go = (): void => {}
    const reading = (async () => {
      for await (const event of stream) {
        seen.push(short(event))
        // Busy with the first status until the test releases it.
        if (seen.length === 2) await new Promise<void>((resolve) => (go = resolve))
      }
    })()
    await clock.advance(6_000)
    simulator.configure({ name: 'b' })
    simulator.start('a')
    await clock.advance(60_000)
    expect(simulator.connections).toBe(1)
    go()
    await clock.advance(30_000)
    expect(seen).toEqual(['subscribed a', 'a stopped', 'a idle', 'subscribed a b', 'b stopped'])
    await stream.close()
    await reading
    await clock.settle()
    expect(simulator.connections).toBe(0)
    await simulator.stop()
    expect(clock.timers).toBe(0)
  })
})

describe('opening and closing', () => {
  test('[ccc.subscribe.refused] an error in the first line is a typed error', async () => {
    const { ccc, simulator, play } = bench()
    const error = await play(failure(ccc.subscribe({ sessions: [1 as unknown as string] })))
    expect(error).toMatchObject({ code: 'invalid_argument', op: 'subscribe', sent: 'no' })
    expect(simulator.connections).toBe(0)
  })

  test('[ccc.subscribe.close-early] a stream that is closed while it connects leaves no connection', async () => {
    for (let steps = 0; steps < 12; steps += 1) {
      const { ccc, simulator, clock } = bench()
      const controller = new AbortController()
      const opening = ccc.subscribe({ signal: controller.signal }).catch((error: unknown) => error)
      for (let step = 0; step < steps; step += 1) await Promise.resolve()
      controller.abort(new Error('changed my mind'))
      const opened = await played(clock, opening)
      if (opened instanceof Error) expect(opened).toMatchObject({ code: 'aborted' })
      else {
        const reading = await failure(
          (async () => {
            for await (const event of opened as SignalStream<StatusEvent>) void event
          })(),
        )
        expect(reading).toMatchObject({ code: 'aborted' })
      }
      await simulator.stop()
      await clock.settle()
      expect(simulator.connections).toBe(0)
      expect(clock.timers).toBe(0)
    }
  })

  test('[ccc.subscribe.close-early] a stream that is closed while it resubscribes or reconnects leaves no connection', async () => {
    for (const moment of ['following', 'reconnecting'] as const) {
      const { simulator, clock } = bench({ sessions: [{ name: 'a' }] })
      const links: Link[] = []
      let gate: Promise<void> = Promise.resolve()
      let release = (): void => {}
      const { transport } = simulator
      const ccc = createCcc({
        clock,
        transport: {
          ...transport,
          async open(launch, options) {
            await gate
            const link = await transport.open(launch, options)
            links.push(link)
            return link
          },
        },
      })
      const stream = await ccc.subscribe({ checkEveryMs: 10_000 })
      const { done } = collect(stream)
      await clock.advance(6_000)
      gate = new Promise((resolve) => {
        release = resolve
      })
      if (moment === 'following') simulator.configure({ name: 'b' })
      else await links.at(-1)?.close()
      await clock.advance(10_000)
      const closing = stream.close()
      await clock.settle()
      release()
      await closing
      await done
      await simulator.stop()
      await clock.settle()
      await Promise.all(links.map((link) => link.closed))
      expect(clock.timers).toBe(0)
    }
  })

  test('[ccc.subscribe.abort] the caller\u2019s signal ends an open stream with its reason', async () => {
    const { ccc, clock } = bench()
    const controller = new AbortController()
    const stream = await ccc.subscribe({ signal: controller.signal })
    const { done } = collect(stream)
    await clock.advance(6_000)
    controller.abort(new Error('enough'))
    expect(await done).toMatchObject({ code: 'aborted', system: 'ccc', cause: new Error('enough') })
  })

  test('[ccc.subscribe.break] leaving the loop closes the connection', async () => {
    const { ccc, simulator, clock, play } = bench()
    await play(
      (async () => {
        for await (const event of await ccc.subscribe()) if (event.type === 'status') break
      })(),
    )
    await clock.settle()
    expect(simulator.connections).toBe(0)
    await simulator.stop()
    expect(clock.timers).toBe(0)
  })
})
