/** The cases for logs. */
import type { Log, LogPage } from '../../store/store.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { bytesOf, freshName, letItWait, mustAcquire, textOf, type StoreContext } from './context.js'

async function withLog(context: StoreContext, run: (log: Log) => Promise<void>): Promise<void> {
  await using log = await context.store.log(freshName('log'))
  await run(log)
}

const texts = (page: LogPage): string[] => page.entries.map(({ bytes }) => textOf(bytes))
const append = (log: Log, ...entries: string[]): Promise<number[]> => log.append(entries.map(bytesOf))

async function firstPage(pages: AsyncIterable<LogPage>): Promise<LogPage | undefined> {
  for await (const page of pages) return page
  return undefined
}

export const logCases: readonly Case<StoreContext>[] = [
  {
    id: 'store.log.order',
    title: 'a log reads back what was appended, in order, from any position',
    run: (context) =>
      withLog(context, async (log) => {
        const empty = await log.read(0)
        checkEqual(empty.entries, [])
        check(!empty.gap, 'an empty log has no gap')
        const [one, two] = await append(log, 'one', 'two')
        const [three] = await append(log, 'three')
        check(one !== undefined && two !== undefined && three !== undefined, 'every entry has a sequence')
        check(0 < one && one < two && two < three, `sequences rise from 1: ${one} ${two} ${three}`)
        checkEqual(texts(await log.read(0)), ['one', 'two', 'three'])
        checkEqual(texts(await log.read(two)), ['two', 'three'])
        const end = await log.read(two)
        checkEqual(texts(await log.read(end.next)), [], 'reading on at the end gives nothing yet')
        const { first, next, entries, bytes } = await log.state()
        checkEqual({ first, entries, bytes }, { first: one, entries: 3, bytes: 11 })
        check(next > three, 'next is above every sequence')
      }),
  },
  {
    id: 'store.log.order',
    title: 'appends that are not awaited keep their order, and no sequence is given twice',
    run: (context) =>
      withLog(context, async (log) => {
        const names = Array.from({ length: 40 }, (_, index) => `entry-${index}`)
        const sequences = (await Promise.all(names.map((name) => append(log, name)))).flat()
        checkEqual(new Set(sequences).size, 40)
        checkEqual(
          [...sequences].sort((a, b) => a - b),
          sequences,
        )
        checkEqual(texts(await log.read(0)), names)
      }),
  },
  {
    id: 'store.log.order',
    title: 'large and empty entries keep every byte',
    run: (context) =>
      withLog(context, async (log) => {
        const entries = [1_000_000, 0, 256, 0].map((length) => Uint8Array.from({ length }, (_, at) => at % 251))
        await log.append(entries)
        const page = await log.read(0, { maxBytes: 10_000_000 })
        checkEqual(
          page.entries.map(({ bytes }) => bytes),
          entries,
        )
      }),
  },
  {
    id: 'store.log.bounded',
    title: 'a read is bounded by entries and by bytes, and still returns an entry above the bound',
    run: (context) =>
      withLog(context, async (log) => {
        await append(log, 'aaaa', 'bbbb', 'x'.repeat(5000), 'dddd', '')
        const two = await log.read(0, { maxEntries: 2 })
        checkEqual(texts(two), ['aaaa', 'bbbb'])
        const large = await log.read(two.next, { maxBytes: 100 })
        checkEqual(large.entries.length, 1, 'the large entry comes alone')
        checkEqual(texts(await log.read(large.next, { maxBytes: 4 })), ['dddd', ''], 'bytes are counted, and an empty entry is one')
      }),
  },
  {
    id: 'store.log.trim',
    title: 'a trim deletes the oldest entries, is idempotent, and no sequence is given again',
    run: (context) =>
      withLog(context, async (log) => {
        const [, two, three] = await append(log, 'one', 'two', 'three')
        check(two !== undefined && three !== undefined, 'every entry has a sequence')
        await log.trim(two)
        await log.trim(two)
        await log.trim(0)
        checkEqual(texts(await log.read(0)), ['two', 'three'])
        await log.trim(three + 1000)
        const emptied = await log.state()
        checkEqual([emptied.entries, emptied.bytes], [0, 0])
        check(emptied.first === emptied.next && emptied.next > three, 'an emptied log keeps its count')
        const [four] = await append(log, 'four')
        check(four !== undefined && four > three, `${four} comes after ${three}`)
        checkEqual(texts(await log.read(0)), ['four'])
      }),
  },
  {
    id: 'store.log.gap',
    title: 'a read at a trimmed position has a gap, and a read from 0 has none',
    run: (context) =>
      withLog(context, async (log) => {
        const [one, , three] = await append(log, 'one', 'two', 'three')
        check(one !== undefined && three !== undefined, 'every entry has a sequence')
        await log.trim(three)
        const page = await log.read(one)
        checkEqual(page.gap, { type: 'gap', from: one, to: three, reason: 'expired' })
        checkEqual(texts(page), ['three'])
        checkEqual((await log.read(0)).gap, undefined)
        checkEqual((await log.read(three)).gap, undefined)
      }),
  },
  {
    id: 'store.log.gap',
    title: 'a position beyond the end of the log is a gap',
    run: (context) =>
      withLog(context, async (log) => {
        await append(log, 'one')
        const { next } = await log.state()
        checkEqual((await log.read(next)).gap, undefined, 'the end itself is a good position')
        const page = await log.read(next + 500)
        checkEqual(page.gap, { type: 'gap', from: next + 500, to: next, reason: 'restart' })
        checkEqual(page.next, next)
      }),
  },
  {
    id: 'store.log.tail',
    title: 'a tail gives existing entries, then waits for new ones',
    run: (context) =>
      withLog(context, async (log) => {
        await append(log, 'one')
        const tail = log.tail(0)[Symbol.asyncIterator]()
        const there = await tail.next()
        checkEqual(there.done ? [] : texts(there.value), ['one'])
        const soon = tail.next()
        await append(log, 'two')
        const two = await soon
        checkEqual(two.done ? [] : texts(two.value), ['two'], 'what comes while the tail looks')
        const later = tail.next()
        await letItWait()
        await append(log, 'three')
        const three = await later
        checkEqual(three.done ? [] : texts(three.value), ['three'], 'what comes while it waits')
        await tail.return?.()
      }),
  },
  {
    id: 'store.log.tail',
    title: 'a tail that starts at a trimmed position begins with a gap',
    run: (context) =>
      withLog(context, async (log) => {
        const [one, two] = await append(log, 'one', 'two')
        check(one !== undefined && two !== undefined, 'every entry has a sequence')
        await log.trim(two + 1)
        const page = await firstPage(log.tail(one))
        checkEqual([page?.gap?.from, page?.gap?.reason], [one, 'expired'])
      }),
  },
  {
    id: 'store.log.tail-end',
    title: 'an abort ends a waiting tail, before and while it waits; closing the log ends it too',
    run: (context) =>
      withLog(context, async (log) => {
        await checkRejects(firstPage(log.tail(0, { signal: AbortSignal.abort() })), 'aborted')
        const controller = new AbortController()
        const aborted = checkRejects(firstPage(log.tail(0, { signal: controller.signal })), 'aborted')
        await letItWait()
        controller.abort()
        await aborted
        const closed = checkRejects(firstPage(log.tail(0)), 'closed')
        await letItWait()
        await log[Symbol.asyncDispose]()
        await closed
      }),
  },
  {
    id: 'store.log.fence',
    title: 'an append of an earlier holder of a lease is refused, also if the new holder has only made an append without entries',
    run: (context) =>
      withLog(context, async (log) => {
        await using lease = await context.store.lease(freshName('lease'))
        const first = await mustAcquire(lease, 'key')
        await log.append([bytesOf('old')], { fence: first })
        await first.release()
        const second = await mustAcquire(lease, 'key')
        await log.append([], { fence: second })
        const error = await checkRejects(log.append([bytesOf('late')], { fence: first }), 'conflict')
        checkEqual(error.sent, 'no')
        await log.append([bytesOf('new')], { fence: second })
        await log.append([bytesOf('unfenced')])
        checkEqual(texts(await log.read(0)), ['old', 'new', 'unfenced'])
      }),
  },
  {
    id: 'store.log.fence',
    title: 'writers under leases of different keys append to one log, and a renewal does not fence its own holder',
    run: (context) =>
      withLog(context, async (log) => {
        await using lease = await context.store.lease(freshName('lease'))
        const [one, other] = [await mustAcquire(lease, 'one'), await mustAcquire(lease, 'other')]
        await log.append([bytesOf('other 1')], { fence: other })
        await log.append([bytesOf('one 1')], { fence: one })
        check(await one.renew(), 'the lease is renewed')
        await Promise.all([log.append([bytesOf('one 2')], { fence: one }), other.release()])
        const next = await mustAcquire(lease, 'other')
        await log.append([], { fence: next })
        await checkRejects(log.append([bytesOf('late')], { fence: other }), 'conflict')
        await log.append([bytesOf('one 3')], { fence: one })
        checkEqual(texts(await log.read(0)), ['other 1', 'one 1', 'one 2', 'one 3'])
      }),
  },
  {
    id: 'store.copies',
    title: 'a log is not affected by changes to bytes that a caller passed or got',
    run: (context) =>
      withLog(context, async (log) => {
        const mine = bytesOf('kept')
        const appended = log.append([mine])
        mine.fill(0)
        await appended
        const [entry] = (await log.read(0)).entries
        entry?.bytes.fill(0)
        checkEqual(texts(await log.read(0)), ['kept'])
      }),
  },
  {
    id: 'store.checks',
    title: 'a log refuses invalid positions and names',
    run: (context) =>
      withLog(context, async (log) => {
        for (const position of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
          await checkRejects(log.read(position), 'invalid_argument')
          await checkRejects(log.trim(position), 'invalid_argument')
        }
        await checkRejects(context.store.log(''), 'invalid_argument')
        await checkRejects(context.store.log('x\0'), 'invalid_argument')
      }),
  },
  {
    id: 'store.closed',
    title: 'a closed log refuses every call, and a second close does nothing',
    run: (context) =>
      withLog(context, async (log) => {
        await log[Symbol.asyncDispose]()
        await log[Symbol.asyncDispose]()
        await checkRejects(log.append([bytesOf('late')]), 'closed')
        await checkRejects(log.read(0), 'closed')
        await checkRejects(log.trim(0), 'closed')
        await checkRejects(log.state(), 'closed')
      }),
  },
]
