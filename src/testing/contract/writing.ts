/** Laws 4 and 5: a write that fails rejects its own promise and causes no unhandled rejection. */
import { SignalboxError } from '../../errors.js'
import type { Link } from '../../transport.js'
import { check, checkEqual } from '../case.js'
import { flood, readAll, MOST_FLOOD, pairCase, pattern, pause, reasonOf, type ContractCase } from './harness.js'

export const writing: readonly ContractCase[] = [
  pairCase('law.4.after-close', 'a write after close rejects with sent: no', async ({ near }) => {
    await near.close({ graceMs: 500 })
    checkEqual((await refused(near)).sent, 'no')
  }),

  pairCase('law.4.after-end', 'a write after end rejects, and earlier writes arrive', async ({ near, far }) => {
    const before = near.write(pattern(5000))
    const ended = near.end()
    checkEqual((await refused(near)).sent, 'no')
    checkEqual(await readAll(far), { bytes: 5000, end: 'null' })
    await Promise.all([before, ended])
  }),

  pairCase('law.4.after-death', 'writes to a dead peer reject after a while, and then every time', async ({ near, kill }) => {
    await kill()
    let error: unknown
    for (let attempt = 0; attempt < 400 && error === undefined; attempt += 1) {
      await near.write(pattern(1000)).catch((cause: unknown) => {
        error = cause
      })
      await pause(5)
    }
    check(isOurs(error), `expected closed or exited, got ${String(error)}`)
    checkEqual((await refused(near)).sent, 'no')
  }),

  pairCase(
    'law.4.ignored',
    'an ignored promise of a failed write causes no unhandled rejection, and no write throws synchronously',
    async ({ near, kill }) => {
      await kill()
      for (let index = 0; index < 20; index += 1) {
        void near.write(pattern(1000))
        if (index % 5 === 0) await pause(5)
      }
      void near.end()
      void near.close({ graceMs: 500 })
      void near.write(pattern(10))
      // An unhandled rejection would have reached the runtime by now and fail the run.
      await near.closed
      await pause(20)
    },
  ),

  pairCase('law.4.end-twice', 'a second end and an end after close have no effect', async ({ near, far }) => {
    await Promise.all([near.end(), near.end()])
    checkEqual((await readAll(far)).end, 'null')
    await near.close({ graceMs: 500 })
    await near.end()
  }),

  pairCase(
    'law.5.death',
    'a waiting write rejects when the peer dies, also while reading is paused',
    async ({ near, far, kill }, context) => {
      const most = context.floodBytes ?? MOST_FLOOD
      // Both directions are full, so the link under test is paused and does not read from the peer.
      const [mine, theirs] = await Promise.all([flood(near, most), flood(far, most)])
      await kill()
      const error = await mine.pending.then(
        () => undefined,
        (cause: unknown) => cause,
      )
      check(isOurs(error), `expected closed or exited, got ${String(error)}`)
      check((error as SignalboxError).sent !== 'yes', 'a write that waited was called delivered')
      theirs.stop()
    },
  ),

  pairCase('law.5.close', 'a waiting write rejects at close', async ({ near }, context) => {
    const flooding = await flood(near, context.floodBytes ?? MOST_FLOOD)
    const queued = near.write(pattern(100))
    queued.catch(() => {})
    void near.close({ graceMs: 500 })
    for (const waiting of [flooding.pending, queued]) {
      const error = await waiting.then(
        () => undefined,
        (cause: unknown) => cause,
      )
      check(isOurs(error), `expected closed or exited, got ${String(error)}`)
    }
    await reasonOf(near, 'the close of a link that was stuck')
  }),
]

async function refused(link: Link): Promise<SignalboxError> {
  let promise: Promise<void>
  try {
    promise = link.write(pattern(10))
  } catch (error) {
    throw new Error(`write threw at once: ${String(error)}`)
  }
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  check(isOurs(error), `expected closed or exited, got ${String(error)}`)
  return error as SignalboxError
}

function isOurs(error: unknown): boolean {
  return SignalboxError.is(error, 'closed') || SignalboxError.is(error, 'exited')
}
