/** Streams under stress: dead links, slow consumers, restarts, daemons without a stream. */
import { afterEach, describe, expect, test } from 'vitest'
import {
  createCccc,
  type CcccClient,
  type CcccCursor,
  type CcccEvent,
  type CcccEventStream,
  type CcccNotice,
  type CcccStreamItem,
} from '../../src/cccc/index.js'
import { createCcccCore } from '../../src/cccc/small-client.js'
import { createEventStream } from '../../src/cccc/events/stream.js'
import { createTracker, type Tracker } from '../../src/cccc/events/tracker.js'
import { createCcccSimulator, createFakeClock, type CcccSimulator, type CcccSimulatorOptions } from '../../src/testing/index.js'
import { turns } from '../eventually.js'

const ends: (() => PromiseLike<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function setUp(options: CcccSimulatorOptions = {}) {
  const simulator = createCcccSimulator(options)
  const notices: CcccNotice[] = []
  const clock = options.clock ? { clock: options.clock } : {}
  const client = createCccc({ transport: simulator.transport, onEvent: (notice) => void notices.push(notice), ...clock })
  ends.push(
    () => simulator[Symbol.asyncDispose](),
    () => client.close(),
  )
  const { group_id: groupId } = await client.groups.create({ title: 'events' })
  return { simulator, client, groupId, notices }
}

const KINDS = ['chat.message']
const quick = { backoff: { baseMs: 1, maxMs: 2 } }

function say(simulator: CcccSimulator, groupId: string, text: string): string {
  return simulator.append(groupId, { kind: 'chat.message', by: 'user', data: { text, to: ['user'], message_mode: 'send' } }).id
}

function seen(tracker: Tracker, event: CcccEvent): CcccStreamItem[] {
  const items: CcccStreamItem[] = []
  tracker.see(event, items)
  return items
}

const shown = (item: CcccStreamItem): string =>
  item.type === 'gap' ? `gap:${item.reason}` : String(item.event.data.text ?? item.event.kind)

async function take(stream: CcccEventStream, count: number): Promise<string[]> {
  const seen: string[] = []
  for await (const item of stream) {
    seen.push(shown(item))
    if (seen.length === count) break
  }
  return seen
}

/** An iteration that continues where the last read stopped. */
function reader(stream: CcccEventStream) {
  const iterator = stream[Symbol.asyncIterator]()
  return async (count: number): Promise<string[]> => {
    const seen: string[] = []
    while (seen.length < count) {
      const next = await iterator.next()
      if (next.done) break
      seen.push(shown(next.value))
    }
    return seen
  }
}

describe('the start of a stream', () => {
  test('covers the time between the handshake and the subscription [cccc.late-subscription]', async () => {
    const { simulator, client, groupId } = await setUp()
    simulator.faults.subscribeAfterMs = 30
    await using stream = await client.events({ groupId, kinds: KINDS })
    say(simulator, groupId, 'in between')
    expect(await take(stream, 1)).toEqual(['in between'])
    const asked = simulator.ledger.requests.find(({ op }) => op === 'events_stream')?.args
    expect(asked?.since_ts).toMatch(/^\d{4}-/)
    expect(asked).not.toHaveProperty('since_event_id')
  })

  test('sends kinds sorted and once, and no kinds if none are named [cccc.kinds]', async () => {
    const { simulator, client, groupId } = await setUp()
    await (await client.events({ groupId, kinds: ['system.notify', 'chat.message', 'chat.message'] })).close()
    await (await client.events({ groupId, kinds: [] })).close()
    const asked = simulator.ledger.requests.filter(({ op }) => op === 'events_stream').map(({ args }) => args.kinds)
    expect(asked).toEqual([['chat.message', 'system.notify'], undefined])
  })
})

describe('a connection that dies', () => {
  test('is replaced, both cursors are sent, and the events of the meantime arrive once [cccc.reconnect]', async () => {
    const { simulator, client, groupId, notices } = await setUp()
    await using stream = await client.events({ groupId, kinds: KINDS }, quick)
    const read = reader(stream)
    const [, second] = [say(simulator, groupId, 'one'), say(simulator, groupId, 'two')]
    expect(await read(2)).toEqual(['one', 'two'])
    simulator.kill()
    say(simulator, groupId, 'while it was down')
    simulator.restart()
    say(simulator, groupId, 'after')
    expect(await read(2)).toEqual(['while it was down', 'after'])
    const last = simulator.ledger.requests.filter(({ op }) => op === 'events_stream').at(-1)
    expect(last?.args.since_event_id).toBeDefined()
    expect(last?.args.since_ts).toBeDefined()
    expect(last?.args.since_event_id).not.toBe(second)
    expect(notices.some(({ type }) => type === 'reconnecting')).toBe(true)
    expect(notices.some(({ type }) => type === 'daemon')).toBe(true)
  })

  test('without notice is detected by its silence, and replaced [cccc.dead-link]', async () => {
    const clock = createFakeClock()
    const { simulator, client, groupId } = await setUp({ clock })
    const stream = await client.events({ groupId, kinds: KINDS }, { idleMs: 90_000 })
    const read = reader(stream)
    say(simulator, groupId, 'alive')
    expect(await read(1)).toEqual(['alive'])
    simulator.faults.silent = true
    say(simulator, groupId, 'lost on the way')
    await clock.advance(80_000)
    expect(simulator.ledger.requests.filter(({ op }) => op === 'events_stream')).toHaveLength(1)
    simulator.faults.silent = false
    // The silent connection is dead by now; the fresh one replays.
    const next = read(1)
    await clock.advance(40_000)
    expect(await next).toEqual(['lost on the way'])
    await stream.close()
  })

  test('an idle connection with heartbeats is kept [cccc.heartbeat]', async () => {
    const clock = createFakeClock()
    const { simulator, client, groupId } = await setUp({ clock })
    const stream = await client.events({ groupId, kinds: KINDS }, { idleMs: 75_000 })
    await clock.advance(600_000)
    expect(simulator.ledger.requests.filter(({ op }) => op === 'events_stream')).toHaveLength(1)
    await stream.close()
  })

  test('after more events than the daemon keeps, a gap is reported before the next event [cccc.window]', async () => {
    const { simulator, client, groupId } = await setUp()
    await using stream = await client.events({ groupId, kinds: KINDS }, quick)
    const read = reader(stream)
    say(simulator, groupId, 'one')
    say(simulator, groupId, 'two')
    expect(await read(2)).toEqual(['one', 'two'])
    simulator.kill()
    for (let index = 0; index < 2_001; index += 1) say(simulator, groupId, `m${index}`)
    simulator.restart()
    expect(await read(2)).toEqual(['gap:expired', 'm1'])
  })

  test('before the first event completeness cannot be proved, and a gap is reported [cccc.unproved]', async () => {
    const { simulator, client, groupId } = await setUp()
    await using stream = await client.events({ groupId, kinds: KINDS }, quick)
    const read = reader(stream)
    // Before it is subscribed, a restart interrupts nothing, and there is no gap to report.
    await expect.poll(() => simulator.subscribers).toBe(1)
    simulator.restart()
    say(simulator, groupId, 'first')
    expect(await read(2)).toEqual(['gap:reconnect', 'first'])
  })

  test('with reconnect: false the stream ends with its connection [cccc.no-reconnect]', async () => {
    const { simulator, client, groupId } = await setUp()
    const stream = await client.events({ groupId, kinds: KINDS }, { reconnect: false })
    const read = reader(stream)
    simulator.kill()
    expect(await read(1)).toEqual([])
  })

  test('when the daemon comes back with another dialect, the client asks for everything again [cccc.dialect-change]', async () => {
    const { simulator, client, groupId } = await setUp({ dialect: 'B' })
    expect((await client.messages.send({ groupId, text: 'b', to: ['user'] })).dialect).toBe('B')
    simulator.restart('C')
    expect((await client.messages.send({ groupId, text: 'c', to: ['user'] })).dialect).toBe('C')
    simulator.restart('A')
    expect((await client.context.addNote({ groupId, content: 'a' })).op).toBe('note.add')
    simulator.restart('B')
    expect((await client.context.addNote({ groupId, content: 'b' })).op).toBe('coordination.note.add')
  })

  test('a refusal during a reconnect ends the stream, because another try would get the same [cccc.refused-resume]', async () => {
    const { simulator, client, groupId } = await setUp()
    await client.actors.add({ groupId, actorId: 'peer1', runtime: 'custom', runner: 'headless' })
    const stream = await client.events({ groupId, by: 'peer1' }, quick)
    const next = reader(stream)(1)
    await client.actors.remove({ groupId, actorId: 'peer1' })
    simulator.restart()
    await expect(next).rejects.toMatchObject({ name: 'DaemonAPIError', remoteCode: 'unknown_actor' })
  })
})

describe('a consumer', () => {
  test('that is slow loses the oldest events and gets their number [cccc.overflow-gap]', async () => {
    const { simulator, client, groupId } = await setUp()
    await using stream = await client.events({ groupId, kinds: KINDS }, { maxItems: 5 })
    for (let index = 0; index < 20; index += 1) say(simulator, groupId, `m${index}`)
    await expect.poll(() => simulator.subscribers).toBe(1)
    await turns()
    const seen: CcccStreamItem[] = []
    for await (const item of stream) {
      seen.push(item)
      if (shown(item) === 'm19') break
    }
    const [gap] = seen
    expect(gap?.type === 'gap' && gap.reason).toBe('overflow')
    const dropped = gap?.type === 'gap' ? (gap.dropped ?? 0) : 0
    expect(dropped + seen.length - 1).toBe(20)
  })

  test('that is slow gets the gap even if the gap item itself overflowed [cccc.overflow-gap]', async () => {
    await using simulator = createCcccSimulator()
    await using core = createCcccCore({ transport: simulator.transport })
    const tracker = createTracker(undefined)
    const event = (id: string) =>
      seen(tracker, {
        id,
        ts: `2026-01-01T00:00:0${id}.000000Z`,
        kind: 'chat.message',
        group_id: 'g',
        by: 'user',
        data: { text: id },
      })
    let pushed = (): void => {}
    const all = new Promise<void>((resolve) => {
      pushed = resolve
    })
    const open = async (_attempt: number, signal: AbortSignal): Promise<AsyncIterable<readonly CcccStreamItem[]>> => {
      async function* items(): AsyncGenerator<readonly CcccStreamItem[], void, void> {
        yield [{ type: 'gap', from: undefined, reason: 'reconnect' }]
        yield event('1')
        yield event('2')
        pushed()
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      }
      return items()
    }
    await using stream = createEventStream(core, { mode: 'push', tracker, open }, { maxItems: 2 })
    await all
    expect(await take(stream, 3)).toEqual(['gap:overflow', '1', '2'])
  })

  test('with the policy fail gets slow_consumer, and its cursor stays valid [cccc.overflow-fail]', async () => {
    const { simulator, client, groupId } = await setUp()
    const stream = await client.events({ groupId, kinds: KINDS }, { maxItems: 5, overflow: 'fail' })
    const read = reader(stream)
    say(simulator, groupId, 'first')
    expect(await read(1)).toEqual(['first'])
    for (let index = 0; index < 20; index += 1) say(simulator, groupId, `m${index}`)
    await turns()
    await expect(read(30)).rejects.toMatchObject({ code: 'slow_consumer' })
    await using again = await client.events({ groupId, kinds: KINDS, cursor: stream.cursor as CcccCursor })
    const rest = await take(again, 1)
    expect(rest[0]).toMatch(/^m\d+$/)
  })

  test('that breaks out of the loop closes the connection [cccc.break]', async () => {
    const { simulator, client, groupId } = await setUp()
    const stream = await client.events({ groupId, kinds: KINDS })
    say(simulator, groupId, 'enough')
    await take(stream, 1)
    await expect.poll(() => simulator.subscribers).toBe(0)
  })

  test('gets each event once, even if the daemon repeats events [cccc.duplicates]', async () => {
    const { simulator, client, groupId } = await setUp()
    const first = await client.events({ groupId, kinds: KINDS })
    for (const text of ['a', 'b', 'c']) say(simulator, groupId, text)
    expect(await take(first, 3)).toEqual(['a', 'b', 'c'])
    // A synthetic cursor, too early on purpose: its time asks for all events, its id only for the last.
    const cursor = first.cursor as CcccCursor
    await using again = await client.events({ groupId, kinds: KINDS, cursor })
    say(simulator, groupId, 'd')
    expect(await take(again, 1)).toEqual(['d'])
  })

  test('does not get its last event again, however much activity follows it [cccc.duplicates]', () => {
    const tracker = createTracker(undefined)
    const event = (id: string, kind = 'chat.message') =>
      seen(tracker, { id, ts: '2026-01-01T00:00:00.000000Z', kind, group_id: 'g', by: 'user', data: { text: id } }).map(shown)
    tracker.startAt('2025-12-31T00:00:00.000000Z')
    tracker.resume()
    expect([...event('one'), ...event('two')]).toEqual(['one', 'two'])
    for (let index = 0; index < 10_000; index += 1) event(`activity-${index}`, 'actor.activity')
    expect(tracker.resume()).toMatchObject({ since_event_id: 'one' })
    expect([...event('two'), ...event('three')]).toEqual(['three'])
  })

  test('never has activity in its cursor, because activity is in no ledger [cccc.activity]', async () => {
    const { simulator, client, groupId } = await setUp()
    await using stream = await client.events({ groupId })
    const read = reader(stream)
    const id = say(simulator, groupId, 'real')
    expect(await read(1)).toEqual(['real'])
    simulator.announce(groupId, { kind: 'actor.activity', data: { actors: [] } })
    expect(await read(1)).toEqual(['actor.activity'])
    expect(stream.cursor?.eventId).toBe(id)
  })
})

describe('a daemon without a stream', () => {
  const pollMs = 5
  const start = (client: CcccClient, groupId: string, cursor?: CcccCursor) =>
    client.events({ groupId, kinds: KINDS, ...(cursor ? { cursor } : {}) }, { pollMs })

  test('is polled, with the same items and the same cursors [cccc.polling]', async () => {
    const { simulator, client, groupId, notices } = await setUp({ dialect: 'C', without: ['events_stream'] })
    const stream = await start(client, groupId)
    expect(stream.mode).toBe('poll')
    expect(notices).toContainEqual({ type: 'polling', op: 'events_stream' })
    say(simulator, groupId, 'one')
    say(simulator, groupId, 'two')
    expect(await take(stream, 2)).toEqual(['one', 'two'])
    for (let index = 0; index < 250; index += 1) say(simulator, groupId, `m${index}`)
    await using again = await start(client, groupId, stream.cursor)
    expect(await take(again, 250)).toEqual(Array.from({ length: 250 }, (_, index) => `m${index}`))
  })

  test('gives one gap for a cursor that its history lacks, not one in each round [cccc.polling-gap]', async () => {
    const { simulator, client, groupId } = await setUp({ dialect: 'C', without: ['events_stream'] })
    const { ts } = await client.call('ping')
    await using stream = await start(client, groupId, { eventId: 'gone', ts, before: { ts } })
    const read = reader(stream)
    expect(await read(1)).toEqual(['gap:expired'])
    const rounds = () => simulator.ledger.requests.filter(({ op }) => op === 'message_history').length
    const before = rounds()
    await expect.poll(rounds).toBeGreaterThan(before + 3)
    say(simulator, groupId, 'after')
    expect(await read(1)).toEqual(['after'])
  })

  test('refuses event kinds that polling cannot see; with pollMs: false the refusal is delivered [cccc.polling-limits]', async () => {
    const { client, groupId } = await setUp({ dialect: 'C', without: ['events_stream'] })
    await expect(client.events({ groupId, kinds: ['actor.start'] }, { pollMs })).rejects.toMatchObject({ code: 'unsupported' })
    await expect(client.events({ groupId }, { pollMs: false })).rejects.toMatchObject({ remoteCode: 'unknown_op' })
  })

  test('that is down for a time is polled again when it is back [cccc.polling-restart]', async () => {
    const { simulator, client, groupId } = await setUp({ dialect: 'C', without: ['events_stream'] })
    await using stream = await client.events({ groupId, kinds: KINDS }, { pollMs, ...quick })
    const read = reader(stream)
    say(simulator, groupId, 'one')
    expect(await read(1)).toEqual(['one'])
    simulator.kill()
    say(simulator, groupId, 'two')
    simulator.restart()
    expect(await read(1)).toEqual(['two'])
  })
})
