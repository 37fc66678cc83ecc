/** Laws 3, 6 and 7: every end is reported once, in bounded time, and nothing is left open. */
import { check, checkEqual } from '../case.js'
import { contractCase, flood, readAll, MOST_FLOOD, pairCase, pattern, reasonOf, type ContractCase } from './harness.js'

const GRACE_MS = 300
/** The bound of the law, doubled for a busy machine. */
const BOUND_MS = 2 * (3 * GRACE_MS + 1000)

export const closing: readonly ContractCase[] = [
  pairCase(
    'law.3.no-reader',
    'close ends in bounded time when nobody reads and both directions are full',
    async ({ near, far }, context) => {
      const most = context.floodBytes ?? MOST_FLOOD
      const [mine, theirs] = await Promise.all([flood(near, most), flood(far, most)])
      void near.close({ graceMs: GRACE_MS })
      const reason = await reasonOf(near, 'close without a reader', BOUND_MS)
      check(reason.kind === 'local' || reason.kind === 'exit', `the reason is ${reason.kind}`)
      mine.stop()
      theirs.stop()
    },
  ),

  pairCase('law.3.pending-read', 'a pending read gets null at close', async ({ near }) => {
    const pending = near.read()
    void near.close({ graceMs: GRACE_MS })
    checkEqual(await pending, null)
    await reasonOf(near, 'close beside a pending read', BOUND_MS)
  }),

  pairCase('law.3.both-ended', 'a link whose two halves have ended is closed without a call of close', async ({ near, far }) => {
    await near.write(pattern(100))
    await near.end()
    checkEqual(await readAll(far), { bytes: 100, end: 'null' })
    await far.end()
    checkEqual(await readAll(near), { bytes: 0, end: 'null' })
    const reason = await reasonOf(near, 'the end of both halves')
    check(reason.kind === 'eof' || reason.kind === 'exit' || reason.kind === 'peer', `the reason is ${reason.kind}`)
  }),

  pairCase('law.3.peer-closed', 'a reader gets the end when the peer closes', async ({ near, far }) => {
    void far.close({ graceMs: GRACE_MS })
    await readAll(near)
    await near.end()
    const reason = await reasonOf(near, 'the end of the peer')
    check(reason.kind !== 'local', 'the reason says that we closed')
  }),

  pairCase('law.3.peer-died', 'a reader gets the end or an error when the peer dies', async ({ near, kill }) => {
    const reading = readAll(near)
    await kill()
    await reading
    await near.end()
    const reason = await reasonOf(near, 'the death of the peer')
    check(reason.kind !== 'local', 'the reason says that we closed')
  }),

  pairCase('law.3.closed-late', 'closed gives the same reason after the end, and a second time', async ({ near }) => {
    const told = await near.close({ graceMs: GRACE_MS })
    checkEqual(await near.closed, told)
    checkEqual(await near.closed, told)
  }),

  pairCase('law.6.discards', 'close discards unread bytes, and later reads give null', async ({ near, far }) => {
    await far.write(pattern(50_000))
    check((await near.read()) !== null, 'nothing came')
    void near.close({ graceMs: GRACE_MS })
    checkEqual(await near.read(), null)
    await near.closed
    checkEqual(await near.read(), null)
  }),

  pairCase('law.6.same-promise', 'a second close returns the same promise', async ({ near }) => {
    const first = near.close({ graceMs: GRACE_MS })
    check(first === near.close({ graceMs: 1 }), 'it is another promise')
    await first
    check(first === near.close(), 'it is another promise after the end')
  }),

  pairCase(
    'law.6.nothing-lost',
    'after end, a read to null and closed, no byte is lost in either direction',
    async ({ near, far }) => {
      const size = 3_000_000
      const answering = (async () => {
        const received = await readAll(far)
        await far.write(pattern(size))
        await far.end()
        return received
      })()
      const writing = near.write(pattern(size)).then(() => near.end())
      // If the reader fails, its error is reported.
      for (const other of [answering, writing]) other.catch(() => {})
      checkEqual(await readAll(near), { bytes: size, end: 'null' })
      await writing
      checkEqual(await answering, { bytes: size, end: 'null' })
      await reasonOf(near, 'the end of both halves')
    },
  ),

  pairCase('law.6.half-close', 'after end, the peer can still write without a time limit', async ({ near, far }) => {
    await near.end()
    checkEqual(await readAll(far), { bytes: 0, end: 'null' })
    for (let part = 0; part < 5; part += 1) {
      await far.write(pattern(1000, part * 1000))
      checkEqual(await readAll(near, 1000, part * 1000), { bytes: 1000, end: 'enough' })
    }
  }),

  contractCase('law.7.many', 'twenty links that are opened, used and closed leave nothing open', async (context) => {
    for (let index = 0; index < 20; index += 1) {
      const { near, far } = await context.pair()
      await near.write(pattern(2000))
      checkEqual((await readAll(far, 2000)).bytes, 2000)
      const [reason] = await Promise.all([near.close({ graceMs: GRACE_MS }), far.close({ graceMs: GRACE_MS })])
      check(reason.abandoned === undefined, 'a healthy link was abandoned')
    }
  }),

  contractCase('law.7.dispose', 'await using closes a link', async (context) => {
    const { near, far } = await context.pair()
    await near[Symbol.asyncDispose]()
    const reason = await reasonOf(near, 'the end of a disposed link')
    check(reason.kind === 'local' || reason.kind === 'exit', `the reason is ${reason.kind}`)
    await far.close({ graceMs: GRACE_MS })
  }),

  contractCase('law.10.apart', 'two links of one transport do not affect each other', async (context) => {
    const [one, two] = await Promise.all([context.pair(), context.pair()])
    try {
      check(one.near.info.id !== two.near.info.id, 'both carry the same id')
      const flooding = await flood(one.near, context.floodBytes ?? MOST_FLOOD)
      await two.near.write(pattern(10_000))
      checkEqual((await readAll(two.far, 10_000)).bytes, 10_000, 'the second link is stuck with the first')
      await one.kill()
      await flooding.pending.catch(() => {})
      await two.far.write(pattern(10_000))
      checkEqual((await readAll(two.near, 10_000)).bytes, 10_000, 'the second link died with the first')
    } finally {
      await Promise.all(
        [one, two].flatMap(({ near, far }) => [near.close({ graceMs: GRACE_MS }), far.close({ graceMs: GRACE_MS })]),
      )
    }
  }),
]
