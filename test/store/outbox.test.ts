/** The outbox over stores that fail, are slow, or lose their lease, and with callers that abort. */
import { expect, test, vi } from 'vitest'
import { memoryStore, type HeldLease, type Kv, type Lease, type Log, type Store } from '../../src/store/index.js'
import {
  openOutbox,
  type Delivery,
  type Outbox,
  type OutboxOptions,
  type OutboxReport,
  type Verdict,
} from '../../src/store/outbox/index.js'
import { SignalboxError } from '../../src/index.js'
import { createFakeClock } from '../../src/testing/index.js'
import { collectGarbage } from '../collect-garbage.js'
import { eventually } from '../eventually.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = ({ items }: Delivery): string[] => items.map(({ body }) => new TextDecoder().decode(body))
const busy = () => new SignalboxError({ code: 'unavailable', message: 'Busy.', sent: 'no' })
const later = (afterMs = 0): Verdict => ({ kind: 'later', error: busy(), afterMs })
const all = ({ items }: Delivery): Verdict => ({ kind: 'delivered', count: items.length })

/** The same store with parts of its handles exchanged. */
function altered(
  inner: Store,
  change: { kv?: (kv: Kv) => Partial<Kv>; lease?: (lease: Lease) => Partial<Lease>; log?: (log: Log) => Partial<Log> },
): Store {
  return {
    ...inner,
    async kv(name) {
      const kv = await inner.kv(name)
      return { ...kv, ...change.kv?.(kv) }
    },
    async lease(name) {
      const lease = await inner.lease(name)
      return { ...lease, ...change.lease?.(lease) }
    },
    async log(name) {
      const log = await inner.log(name)
      return { ...log, ...change.log?.(log) }
    },
  }
}

function setup(options: Partial<OutboxOptions> & Pick<OutboxOptions, 'deliver'>) {
  const clock = createFakeClock()
  const reports: OutboxReport[] = []
  const store = options.store ?? memoryStore({ clock })
  const open = (more: Partial<OutboxOptions> = {}): Promise<Outbox> =>
    openOutbox({ clock, name: 'out', lingerMs: 0, onReport: (report) => reports.push(report), ...options, store, ...more })
  return { clock, reports, open }
}

test('[store.outbox-abort] an aborted append that waits for space rejects at once, and its item is not kept', async () => {
  const { clock, open } = setup({ deliver: async () => later(60_000), maxItems: 1, overflow: 'block' })
  const outbox = await open()
  await outbox.append('a', bytes('first'))
  const blocked = outbox.append('a', bytes('second'))
  const leaving = new AbortController()
  const abandoned = outbox.append('a', bytes('third'), { signal: leaving.signal })
  const verdict = vi.fn()
  abandoned.catch(verdict)
  await clock.settle()
  leaving.abort(new Error('enough'))
  await clock.settle()
  expect(verdict).toHaveBeenCalledOnce()
  const [error] = verdict.mock.calls[0] as [SignalboxError]
  expect(SignalboxError.is(error, 'aborted')).toBe(true)
  expect(error).toMatchObject({ sent: 'no', cause: new Error('enough') })
  blocked.catch(() => {})
  await outbox.close({ graceMs: 0 })
  await expect(blocked).rejects.toMatchObject({ code: 'closed' })
})

test('[store.outbox-abort] an item whose append was aborted is never delivered, and those behind it are', async () => {
  const seen: string[] = []
  let refusing = true
  const { clock, open } = setup({
    deliver: async (delivery) => {
      if (refusing) return later(1000)
      seen.push(...textOf(delivery))
      return all(delivery)
    },
    maxItems: 1,
    overflow: 'block',
  })
  const outbox = await open()
  await outbox.append('a', bytes('first'))
  const leaving = new AbortController()
  const given = outbox.append('a', bytes('given up'), { signal: leaving.signal }).catch((error: unknown) => error)
  const behind = outbox.append('a', bytes('behind'))
  await clock.settle()
  leaving.abort()
  refusing = false
  await clock.advance(10_000)
  await behind
  await clock.advance(10_000)
  expect(await given).toMatchObject({ code: 'aborted', sent: 'no' })
  expect(seen).toEqual(['first', 'behind'])
  const stop = new AbortController()
  stop.abort()
  refusing = true
  await outbox.append('a', bytes('last'))
  await expect(outbox.flush({ signal: stop.signal })).rejects.toMatchObject({ code: 'aborted' })
  await outbox.close({ graceMs: 0 })
  expect(clock.timers).toBe(0)
})

test('[store.outbox-unsaved] a delivered item whose acknowledgement could not be stored is sent again after a crash, with the same ordinal', async () => {
  const sent: (readonly [number, string])[] = []
  let failing = false
  const clock = createFakeClock()
  const inner = memoryStore({ clock })
  const store = altered(inner, {
    kv: (kv) => ({
      async compareAndSet(...args) {
        if (failing) throw busy()
        return await kv.compareAndSet(...args)
      },
    }),
  })
  const { reports, open } = setup({
    store,
    clock,
    deliver: async (delivery) => {
      sent.push(...delivery.items.map((item) => [item.ordinal, new TextDecoder().decode(item.body)] as const))
      return all(delivery)
    },
  })
  const first = await open()
  await first.append('a', bytes('one'))
  await eventually(() => expect(first.counts.delivered).toBe(1))
  failing = true
  await first.append('a', bytes('two'))
  await eventually(() => expect(reports).toContainEqual(expect.objectContaining({ type: 'unsaved' })))
  await first.close({ graceMs: 0 })
  failing = false
  const second = await open({ store: inner })
  await second.recover()
  await second.append('a', bytes('three'))
  await clock.advance(10_000)
  await eventually(() => expect(second.pending()).toBe(0))
  expect(reports.filter(({ type }) => type === 'lost')).toEqual([])
  expect(sent).toEqual([
    [1, 'one'],
    [2, 'two'],
    [2, 'two'],
    [3, 'three'],
  ])
  await second.close()
})

test('[store.outbox-lease] a sender whose lease expired while the store did not answer sends nothing more', async () => {
  const clock = createFakeClock()
  const inner = memoryStore({ clock })
  let holding: HeldLease | undefined
  const store = altered(inner, {
    lease: (lease) => ({
      async acquire(key, how) {
        const held = await lease.acquire(key, how)
        if (held) holding = held
        return held && { ...held, renew: () => new Promise<boolean>(() => {}) }
      },
    }),
  })
  const remaining: number[] = []
  const { open } = setup({
    store,
    clock,
    leaseMs: 3000,
    idleMs: 60_000,
    deliver: async (delivery) => {
      remaining.push(holding?.remainingMs() ?? -1)
      return all(delivery)
    },
  })
  const outbox = await open()
  await outbox.append('a', bytes('one'))
  await clock.advance(100)
  expect(remaining).toHaveLength(1)
  await clock.advance(10_000)
  await outbox.append('a', bytes('two'))
  await clock.advance(10_000)
  expect(remaining).toHaveLength(2)
  expect(remaining.every((ms) => ms > 0)).toBe(true)
  await outbox.close({ graceMs: 0 })
})

test('[store.outbox-lease] a renewal that is under way when a queue goes idle leaves no timer behind', async () => {
  const clock = createFakeClock()
  const answers: ((kept: boolean) => void)[] = []
  const store = altered(memoryStore({ clock }), {
    lease: (lease) => ({
      async acquire(key, how) {
        const held = await lease.acquire(key, how)
        return held && { ...held, renew: () => new Promise<boolean>((resolve) => void answers.push(resolve)) }
      },
    }),
  })
  const { open } = setup({ store, clock, leaseMs: 3000, idleMs: 1500, deliver: async (delivery) => all(delivery) })
  const outbox = await open()
  await outbox.append('a', bytes('one'))
  await clock.advance(2500)
  expect(answers).toHaveLength(1)
  await outbox.close()
  answers[0]?.(true)
  await clock.settle()
  expect(clock.timers).toBe(0)
})

test('[store.outbox-abort] an aborted flush leaves no listener on a queue that makes no progress', async () => {
  const { open, clock } = setup({ deliver: async () => ({ kind: 'wait', afterMs: 3_600_000 }) })
  const outbox = await open()
  await outbox.append('a', bytes('one'))
  await clock.settle()
  const giveUp = async (times: number): Promise<number> => {
    for (let count = 0; count < times; count += 1) {
      const leaving = new AbortController()
      const flushing = outbox.flush({ signal: leaving.signal }).catch((error: unknown) => error)
      for (let turn = 0; turn < 8; turn += 1) await Promise.resolve()
      leaving.abort()
      expect(await flushing).toMatchObject({ code: 'aborted' })
    }
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = await giveUp(500)
  expect((await giveUp(4000)) - before).toBeLessThan(4_000_000)
  await outbox.close({ graceMs: 0 })
})

test('[store.outbox-empty-delivery] a deliver that reports 0 delivered items is called again only after a pause', async () => {
  let calls = 0
  const { clock, open, reports } = setup({
    deliver: async () => {
      calls += 1
      return { kind: 'delivered', count: 0 }
    },
    pauseMs: () => 1000,
  })
  const outbox = await open()
  await outbox.append('a', bytes('one'))
  await clock.settle()
  expect([calls, outbox.pending('a')]).toEqual([1, 1])
  expect(reports).toMatchObject([{ type: 'retrying', queue: 'a', error: { code: 'protocol' } }])
  await clock.advance(1000)
  expect(calls).toBe(2)
  await outbox.close({ graceMs: 0 })
})

test('[store.outbox-count] an item whose append is under way while the queue is counted still waits afterwards', async () => {
  const clock = createFakeClock()
  const inner = memoryStore({ clock })
  const slow = (log: Log): Partial<Log> => ({
    async append(entries) {
      await new Promise<void>((resolve) => void clock.after(20, resolve))
      return await log.append(entries)
    },
  })
  const { open } = setup({ clock, store: altered(inner, { log: slow }), deliver: async () => ({ kind: 'wait', afterMs: 60_000 }) })
  const outbox = await open()
  const first = outbox.append('a', bytes('one'))
  await clock.advance(20)
  await first
  // The sender starts and counts; the second append is not in the log yet.
  const second = outbox.append('a', bytes('two'))
  await clock.settle()
  await clock.advance(20)
  await second
  await clock.settle()
  expect(outbox.pending('a')).toBe(2)
  await outbox.close({ graceMs: 0 })
})

test('[store.outbox-together] items that are appended at the same time are stored by one write, in the order of the calls', async () => {
  const writes: number[] = []
  const clock = createFakeClock()
  const counted = (log: Log): Partial<Log> => ({
    append(entries) {
      writes.push(entries.length)
      return log.append(entries)
    },
  })
  const seen: string[] = []
  const { open } = setup({
    clock,
    store: altered(memoryStore({ clock }), { log: counted }),
    deliver: async (delivery) => {
      seen.push(...textOf(delivery))
      return all(delivery)
    },
  })
  const outbox = await open()
  await outbox.append('a', bytes('0'))
  expect(await Promise.all(['1', '2', '3'].map((text) => outbox.append('a', bytes(text))))).toEqual([true, true, true])
  await outbox.flush()
  expect({ writes, seen }).toEqual({ writes: [1, 3], seen: ['0', '1', '2', '3'] })
  await outbox.close()
})

test('[store.outbox-together] an item that is too large for the log is refused alone, and the items beside it are delivered in order', async () => {
  const seen: string[] = []
  const { open } = setup({
    store: memoryStore({ maxBytes: 1000 }),
    deliver: async (delivery) => {
      seen.push(...textOf(delivery))
      return all(delivery)
    },
  })
  const outbox = await open()
  const texts = ['first', 'x'.repeat(2000), 'last']
  const results = await Promise.allSettled(texts.map((text) => outbox.append('a', bytes(text))))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  await outbox.flush()
  expect([seen, outbox.pending()]).toEqual([['first', 'last'], 0])
  await outbox.close()
})
