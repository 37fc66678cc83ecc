import { describe, expect, it } from 'vitest'
import { createPending } from '../../src/core/pending.js'
import { createQueue } from '../../src/core/queue.js'
import { SignalboxError } from '../../src/errors.js'

describe('a bounded queue', () => {
  it('[core.queue-batches] delivers the waiting items in one batch, in order, then the end', async () => {
    const queue = createQueue<number>({ overflow: 'fail', maxItems: 10 })
    queue.push([1, 2])
    queue.push([3])
    expect(await queue.take()).toEqual([1, 2, 3])
    const waiting = queue.take()
    await expect(queue.take()).rejects.toMatchObject({ code: 'invalid_argument' })
    queue.push([])
    queue.push([4])
    expect(await waiting).toEqual([4])
    queue.push([5])
    queue.end()
    queue.push([6])
    expect(await queue.take()).toEqual([5])
    expect(await queue.take()).toBeNull()
    expect(queue.takeNow()).toEqual([])
  })

  it('[core.queue-overflow] fail: ends the queue for a slow consumer, after the queued items', async () => {
    const queue = createQueue<number>({ overflow: 'fail', maxItems: 2, name: 'maxEvents' })
    queue.push([1, 2])
    expect(queue.ended).toBe(false)
    queue.push([3])
    queue.push([4])
    expect(await queue.take()).toEqual([1, 2, 3])
    await expect(queue.take()).rejects.toMatchObject({ code: 'slow_consumer', message: expect.stringContaining('maxEvents') })
  })

  it('[core.queue-overflow] drop-oldest: keeps the newest items and counts every dropped item', async () => {
    const lost: number[][] = []
    const queue = createQueue<number>({ overflow: 'drop-oldest', maxItems: 3, onDrop: (items) => lost.push([...items]) })
    queue.push([1, 2, 3])
    queue.push([4, 5])
    expect(lost).toEqual([[1, 2]])
    expect(queue.dropped).toBe(2)
    expect(await queue.take()).toEqual([3, 4, 5])
  })

  it('[core.queue-overflow] drop-newest: keeps the oldest items, reports dropped items in order, measures bytes', async () => {
    const lost: string[] = []
    const queue = createQueue<string>({
      overflow: 'drop-newest',
      maxBytes: 5,
      sizeOf: (item) => item.length,
      onDrop: (items) => lost.push(...items),
    })
    queue.push(['aa', 'bb', 'cc', 'd'])
    expect(lost).toEqual(['cc', 'd'])
    expect(queue.bytes).toBe(4)
    queue.push(['toolong'])
    expect(queue.dropped).toBe(3)
    expect(await queue.take()).toEqual(['aa', 'bb'])
    expect(queue.bytes).toBe(0)
  })

  it('[core.queue-overflow] does not count an item that a waiting consumer takes at once', async () => {
    const queue = createQueue<number>({ overflow: 'drop-oldest', maxItems: 1 })
    const waiting = queue.take()
    queue.push([1, 2, 3])
    expect(await waiting).toEqual([1, 2, 3])
    expect(queue.dropped).toBe(0)
  })

  it('[core.queue-overflow] pause: makes the producer wait until there is space or the queue ends', async () => {
    const queue = createQueue<number>({ overflow: 'pause', maxItems: 2 })
    expect(queue.push([1, 2])).toBe(true)
    expect(queue.push([3])).toBe(false)
    const order: string[] = []
    const room = queue.waitForSpace().then(() => order.push('room'))
    await Promise.resolve()
    order.push('take')
    queue.takeNow()
    await room
    expect(order).toEqual(['take', 'room'])
    await queue.waitForSpace()
    queue.push([1, 2, 3])
    const another = queue.waitForSpace()
    queue.discard()
    await another
    expect(queue.size).toBe(0)
    expect(await queue.take()).toBeNull()
  })

  it('[core.queue-batches] delivers a fault after the earlier items', async () => {
    const queue = createQueue<number>({ overflow: 'fail' })
    const fault = new Error('broken')
    queue.push([1])
    queue.fail(fault)
    queue.end()
    expect(await queue.take()).toEqual([1])
    await expect(queue.take()).rejects.toBe(fault)
  })
})

describe('pending calls', () => {
  it('[core.pending] settles each call by its id, once; late and unknown answers are reported as such', async () => {
    const pending = createPending<number, string>()
    const one = pending.add(1)
    const two = pending.add(2)
    expect(pending.settle(2, 'two')).toBe(true)
    expect(pending.settle(2, 'again')).toBe(false)
    expect(pending.fail(1, 'no')).toBe(true)
    expect(await two).toBe('two')
    await expect(one).rejects.toBe('no')
    void pending.add(3)
    pending.forget(3)
    expect(pending.settle(3, 'late')).toBe(false)
    expect(pending.size).toBe(0)
  })

  it('[core.pending-death] fails every call at once with its own error when the link dies, without an unhandled rejection', async () => {
    const pending = createPending<number, string>()
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const cause = new Error('EPIPE')
    const calls = [1, 2].map((id) => pending.add(id))
    pending.close((id) => new SignalboxError({ code: 'closed', message: `Call ${id}.`, sent: 'maybe', cause }))
    pending.close(() => 'a second death changes nothing')
    // No caller has awaited the promises yet, because the callers still write.
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    const results = await Promise.allSettled(calls)
    expect(results.map((result) => result.status === 'rejected' && result.reason.message)).toEqual(['Call 1.', 'Call 2.'])
    await expect(pending.add(3)).rejects.toMatchObject({ message: 'Call 3.', cause })
  })

  it('[core.pending] refuses a call above its limit and a call with a used id, and sends neither', async () => {
    const pending = createPending<number, string>({ maxPending: 1 })
    void pending.add(1)
    await expect(pending.add(2)).rejects.toMatchObject({ code: 'rate_limited', sent: 'no' })
    const two = createPending<number, string>()
    void two.add(1)
    await expect(two.add(1)).rejects.toMatchObject({ code: 'conflict', sent: 'no' })
  })
})
