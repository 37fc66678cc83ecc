/** The rules that keep an old daemon running, and the error of a call whose answer does not come. */
import { afterEach, describe, expect, test } from 'vitest'
import { ccccAnswers } from '../../src/cccc/answers.js'
import { createCccc, createCcccCore, OutcomeUnknownError } from '../../src/cccc/index.js'
import type { Interceptor, Link, StreamTransport } from '../../src/index.js'
import { createCcccSimulator, createFakeClock, memoryPair, type CcccSimulator } from '../../src/testing/index.js'

const open: CcccSimulator[] = []
const simulate = (dialect: 'A' | 'B' | 'C' = 'B'): CcccSimulator => {
  const simulator = createCcccSimulator({ dialect })
  open.push(simulator)
  return simulator
}
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator[Symbol.asyncDispose]()
})

/** Counts writes, and can delay an open until it is released. */
function watched(inner: StreamTransport) {
  const writes: number[] = []
  let openGate: (() => void) | undefined
  let held: Promise<void> | undefined
  const transport: StreamTransport = {
    ...inner,
    async open(launch, options) {
      if (held) await held
      const link = await inner.open(launch, options)
      return new Proxy(link, {
        get(target, key, receiver) {
          if (key !== 'write') return Reflect.get(target, key, receiver) as unknown
          return (chunk: Uint8Array) => {
            writes.push(chunk.byteLength)
            return target.write(chunk)
          }
        },
      })
    },
  }
  return {
    transport,
    writes,
    hold() {
      held = new Promise((resolve) => {
        openGate = resolve
      })
    },
    release: () => openGate?.(),
  }
}

describe('a request', () => {
  test('of any size is sent in one write [cccc.one-write]', async () => {
    const { transport, writes } = watched(simulate().transport)
    await using client = createCccc({ transport })
    await client.call('ping')
    await client.call('group_show', { group_id: 'x'.repeat(1_000_000) }).catch(() => {})
    expect(writes).toHaveLength(2)
  })

  test('that is aborted while the connection opens leaves no connection without a request: the client sends a ping, reads its answer and closes [cccc.abort-opening]', async () => {
    const simulator = simulate('A')
    const { transport, hold, release } = watched(simulator.transport)
    await using client = createCccc({ transport })
    hold()
    const controller = new AbortController()
    const call = client.call('groups', {}, { signal: controller.signal })
    await Promise.resolve()
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'aborted', sent: 'no' })
    release()
    await expect.poll(() => simulator.ledger.requests.map(({ op }) => op)).toEqual(['ping'])
    expect(simulator.ledger.bare).toBe(0)
    expect(simulator.alive).toBe(true)
  })

  test('that is aborted during its answer is read to the end, and the daemon survives [cccc.abort-answer]', async () => {
    const simulator = simulate('A')
    await using client = createCccc({ transport: simulator.transport })
    simulator.faults.answerAfterMs = 50
    const controller = new AbortController()
    const call = client.call('groups', {}, { signal: controller.signal })
    await expect.poll(() => simulator.ledger.requests.length).toBe(1)
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'aborted', sent: 'maybe' })
    simulator.faults.answerAfterMs = 0
    expect((await client.call('ping')).pid).toBe(simulator.pid)
  })

  test('a connection without a request kills a daemon of the oldest dialect, which is the reason for these rules [cccc.bare-connection]', async () => {
    const old = simulate('A')
    await (await old.transport.open()).close()
    await expect.poll(() => old.alive).toBe(false)
    const newer = simulate('B')
    await (await newer.transport.open()).close()
    await expect.poll(() => newer.ledger.bare).toBe(1)
    expect(newer.alive).toBe(true)
  })

  test('the client never makes a connection without a request [cccc.never-bare]', async () => {
    const simulator = simulate('A')
    await using client = createCccc({ transport: simulator.transport })
    await client.describe()
    await client.assertCompatible({ ops: ['groups', 'term_attach', 'events_stream'] })
    const { group_id: groupId } = await client.groups.create({ title: 'x' })
    await using stream = await client.events({ groupId })
    await stream.close()
    await client.close()
    expect(simulator.ledger.bare + simulator.ledger.invalid).toBe(0)
    expect(simulator.alive).toBe(true)
  })
})

describe('an answer', () => {
  test('that never arrives gives an unknown outcome, although the op was carried out [cccc.outcome-unknown]', async () => {
    const simulator = simulate()
    await using client = createCccc({ transport: simulator.transport })
    simulator.faults.loseAnswers.group_create = 1
    const error = await client.groups.create({ title: 'there all the same' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OutcomeUnknownError)
    expect(error).toMatchObject({ code: 'closed', sent: 'maybe', retryable: false })
    expect((await client.groups.list()).groups).toHaveLength(1)
  })

  test('of a read can be requested again, of a write not: a policy reads this from the table [cccc.idempotent]', async () => {
    const simulator = simulate()
    const told: Record<string, boolean> = {}
    const again: Interceptor = async (call, next) => {
      told[call.op] = call.idempotent
      try {
        return await next(call)
      } catch (error) {
        if (!call.idempotent) throw error
        return next({ ...call, attempt: call.attempt + 1 })
      }
    }
    await using client = createCccc({ transport: simulator.transport, interceptors: [again] })
    simulator.faults.loseAnswers = { groups: 1, group_create: 1 }
    expect((await client.groups.list()).groups).toEqual([])
    await expect(client.groups.create({})).rejects.toMatchObject({ sent: 'maybe' })
    expect(told).toEqual({ groups: true, group_create: false })
  })

  test.each([1, 3, 7])('in pieces of %i bytes gives the same result [cccc.pieces]', async (pieceBytes) => {
    const simulator = simulate()
    await using client = createCccc({ transport: simulator.transport })
    const { group_id: groupId } = await client.groups.create({ title: '\u{1F6E4} Stellwerk' })
    simulator.faults.pieceBytes = pieceBytes
    expect((await client.groups.show({ groupId })).group.title).toBe('\u{1F6E4} Stellwerk')
  })

  const scripted = (answer: string, end: 'end' | 'close' = 'end'): StreamTransport => ({
    kind: 'stream',
    name: 'scripted',
    async open() {
      const [near, far] = memoryPair()
      void (async () => {
        await far.read()
        await far.write(new TextEncoder().encode(answer))
        await far[end]()
      })()
      return near
    },
  })

  test.each([
    ['no line at all', '', { name: 'OutcomeUnknownError', code: 'closed', sent: 'maybe' }],
    ['a line that was cut', '{"ok":tr', { name: 'OutcomeUnknownError', code: 'invalid_message', sent: 'maybe' }],
    ['something that is no object', '[1]\n', { name: 'OutcomeUnknownError', code: 'invalid_message', sent: 'maybe' }],
    ['a refusal without an error', '{"ok":false}\n', { name: 'DaemonAPIError', remoteCode: 'error', sent: 'yes' }],
    ['a refusal of a new kind', '{"ok":false,"error":{"code":"brand_new"}}\n', { code: 'remote', remoteCode: 'brand_new' }],
  ])('of %s is a typed failure [cccc.broken-answer]', async (_, answer, expected) => {
    await using client = createCcccCore({ transport: scripted(answer) })
    await expect(client.call('ping', {})).rejects.toMatchObject(expected)
  })

  test('without its last newline, or without a version, is accepted [cccc.lenient-answer]', async () => {
    await using client = createCcccCore({ transport: scripted('{"ok":true,"result":{"pid":7}}') })
    expect((await client.call('ping', {})).pid).toBe(7)
    await using empty = createCcccCore({ transport: scripted('{"ok":true}\n') })
    expect(await empty.call('ping', {})).toEqual({})
  })

  test('longer than the limit is refused with the option to raise, before all of it is read [cccc.answer-limit]', async () => {
    const transport = scripted(`{"ok":true,"result":{"text":"${'x'.repeat(5_000)}"}}\n`)
    await using client = createCcccCore({ transport, limits: { maxLineBytes: 1_000 } })
    await expect(client.call('ping', {})).rejects.toMatchObject({ code: 'too_large', message: /limits\.maxLineBytes/ })
  })

  test('with an invalid shape is reported and delivered, or refused, as `validate` says [cccc.validate]', async () => {
    const transport = scripted('{"ok":true,"result":{"pid":"seven"}}\n')
    const notices: unknown[] = []
    await using lenient = createCccc({ transport, onEvent: (notice) => notices.push(notice) })
    expect((await lenient.call('ping')).pid).toBe('seven')
    expect(notices).toMatchObject([{ type: 'invalid', op: 'ping', path: /^result\./ }])
    await using strict = createCccc({ transport, validate: 'strict' })
    await expect(strict.call('ping')).rejects.toMatchObject({ code: 'invalid_message', sent: 'yes' })
    await using off = createCccc({ transport, validate: 'off', onEvent: (notice) => notices.push(notice) })
    await off.call('ping')
    expect(notices).toHaveLength(1)
    // The small client contains no list of ops.
    expect(() => createCcccCore({ transport, validate: 'strict' })).toThrow(/ccccAnswers/)
    await using small = createCcccCore({ transport, validate: 'strict', answers: ccccAnswers() })
    await expect(small.call('ping')).rejects.toMatchObject({ code: 'invalid_message' })
  })
})

describe('a peer that hangs', () => {
  test('fails the call at the deadline, and its connection is closed within a limit [cccc.hanging-peer]', async () => {
    const clock = createFakeClock()
    const links: Link[] = []
    const transport: StreamTransport = {
      kind: 'stream',
      name: 'mute',
      async open() {
        const [near, far] = memoryPair()
        links.push(near)
        // Reads the request and never answers.
        void far.read()
        return near
      },
    }
    const client = createCcccCore({ transport, clock, timeoutMs: 1_000 })
    const call = expect(client.call('send', { group_id: 'g', text: 'x' })).rejects.toMatchObject({
      code: 'deadline_exceeded',
      sent: 'maybe',
    })
    await clock.advance(1_000)
    await call
    const closing = client.close()
    await clock.advance(2_000)
    await closing
    expect((await links[0]?.closed)?.kind).toBe('local')
    expect(clock.timers).toBe(0)
  })

  test('an idle connection blocks an old daemon for all clients, which is another reason for these rules [cccc.half-open]', async () => {
    const simulator = simulate('A')
    const idle = await simulator.transport.open()
    await using client = createCccc({ transport: simulator.transport })
    await expect(client.call('ping', {}, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' })
    await idle.write(new TextEncoder().encode('{"op":"ping"}\n'))
    expect((await client.call('ping')).pid).toBe(simulator.pid)
    await idle.close()
  })
})

describe('a probe that many calls need at the same time', () => {
  test('is sent once; an aborted call does not end the probe of the others [cccc.describe-shared]', async () => {
    const clock = createFakeClock()
    await using simulator = createCcccSimulator({ dialect: 'B', clock })
    await using client = createCccc({ transport: simulator.transport })
    // It answers once its clock is moved.
    simulator.faults.answerAfterMs = 50
    const controller = new AbortController()
    const first = expect(client.describe({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted', sent: 'no' })
    const second = client.describe()
    const third = expect(client.describe({ timeoutMs: 5 })).rejects.toMatchObject({ code: 'deadline_exceeded', sent: 'no' })
    await expect.poll(() => simulator.ledger.requests.length).toBe(1)
    controller.abort()
    await Promise.all([first, third])
    simulator.faults.answerAfterMs = 0
    await clock.advance(50)
    expect((await second).dialect).toBe('B')
    expect(simulator.ledger.requests.filter(({ op }) => op === 'ping')).toHaveLength(1)
  })

  test('is not sent for a call that was already aborted [cccc.describe-shared]', async () => {
    const simulator = simulate('B')
    await using client = createCccc({ transport: simulator.transport })
    await expect(client.describe({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted', sent: 'no' })
    expect(simulator.ledger.requests).toEqual([])
  })
})

describe('the lookup of a message', () => {
  test('in a group that is never silent ends in bounded time [cccc.resolve-deadline]', async () => {
    const simulator = simulate('B')
    await using client = createCccc({ transport: simulator.transport })
    const { group_id: groupId } = await client.groups.create({ title: 'busy' })
    const since = '2026-01-01T00:00:00.000000Z'
    const talk = setInterval(() => {
      simulator.append(groupId, { kind: 'chat.message', by: 'user', data: { text: 'x', to: ['user'], message_mode: 'send' } })
    }, 5)
    try {
      const asked = { groupId, clientId: 'never-sent', since }
      await expect(client.messages.resolve(asked, { timeoutMs: 200 })).rejects.toMatchObject({
        code: 'deadline_exceeded',
        op: 'resolve',
        sent: 'no',
      })
      const soon = AbortSignal.timeout(200)
      await expect(client.messages.resolve(asked, { signal: soon })).rejects.toMatchObject({ code: 'deadline_exceeded' })
    } finally {
      clearInterval(talk)
    }
  })
})
