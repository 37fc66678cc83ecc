/** The cases for leases. Times are long enough for stores that really wait. */
import type { Lease } from '../../store/store.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { freshName, LONG_MS, mustAcquire, type StoreContext } from './context.js'

async function withLease(context: StoreContext, run: (lease: Lease) => Promise<void>): Promise<void> {
  await using lease = await context.store.lease(freshName('lease'))
  await run(lease)
}

const SHORT_MS = 100

export const leaseCases: readonly Case<StoreContext>[] = [
  {
    id: 'store.lease.exclusive',
    title: 'of many acquire calls at once, one gets the lease, and other keys stay free',
    run: (context) =>
      withLease(context, async (lease) => {
        const answers = await Promise.all(Array.from({ length: 8 }, () => lease.acquire('key', { ttlMs: LONG_MS })))
        checkEqual(answers.filter((held) => held !== null).length, 1)
        await mustAcquire(lease, 'other')
      }),
  },
  {
    id: 'store.lease.token',
    title: 'the token rises with every holder, also after release and expiry',
    run: (context) =>
      withLease(context, async (lease) => {
        const first = await mustAcquire(lease, 'key')
        await first.release()
        const second = await mustAcquire(lease, 'key', SHORT_MS)
        check(second.token > first.token, `${second.token} comes after ${first.token}`)
        await context.wait(SHORT_MS * 2)
        const third = await mustAcquire(lease, 'key')
        check(third.token > second.token, `${third.token} comes after ${second.token}`)
      }),
  },
  {
    id: 'store.lease.renew',
    title: 'a renewed lease keeps its token',
    run: (context) =>
      withLease(context, async (lease) => {
        const held = await mustAcquire(lease, 'key', LONG_MS)
        checkEqual(await held.renew(SHORT_MS), true, 'a lease can be shortened too')
        check(held.remainingMs() <= SHORT_MS, 'the new time counts')
        checkEqual(await held.renew(LONG_MS), true)
        await context.wait(SHORT_MS * 2)
        checkEqual(await lease.acquire('key', { ttlMs: LONG_MS }), null)
        check(held.remainingMs() > SHORT_MS && held.remainingMs() <= LONG_MS, 'what remains is what was asked for, at most')
      }),
  },
  {
    id: 'store.lease.lost',
    title: 'an expired lease stays lost, and its holder cannot release the next lease',
    run: (context) =>
      withLease(context, async (lease) => {
        const late = await mustAcquire(lease, 'key', SHORT_MS)
        await context.wait(SHORT_MS * 2)
        checkEqual(late.remainingMs(), 0)
        const next = await mustAcquire(lease, 'key')
        checkEqual(await late.renew(), false)
        await late.release()
        checkEqual(await lease.acquire('key', { ttlMs: LONG_MS }), null, 'the late release freed nothing')
        await next.release()
        checkEqual(await late.renew(), false, 'lost once is lost for good')
        await mustAcquire(lease, 'key')
      }),
  },
  {
    id: 'store.lease.lost',
    title: 'an expired lease cannot be renewed, even when no other holder acquired it',
    run: (context) =>
      withLease(context, async (lease) => {
        const held = await mustAcquire(lease, 'key', SHORT_MS)
        await context.wait(SHORT_MS * 2)
        checkEqual(await held.renew(), false)
        await mustAcquire(lease, 'key')
      }),
  },
  {
    id: 'store.lease.release',
    title: 'a released lease can be acquired at once, and its old holder cannot renew it',
    run: (context) =>
      withLease(context, async (lease) => {
        const held = await mustAcquire(lease, 'key')
        await held.release()
        await held.release()
        checkEqual(held.remainingMs(), 0)
        checkEqual(await held.renew(), false)
        await mustAcquire(lease, 'key')
      }),
  },
  {
    id: 'store.checks',
    title: 'a lease refuses invalid keys and times',
    run: (context) =>
      withLease(context, async (lease) => {
        await checkRejects(lease.acquire('', { ttlMs: LONG_MS }), 'invalid_argument')
        for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
          await checkRejects(lease.acquire('key', { ttlMs }), 'invalid_argument')
        }
        await mustAcquire(lease, 'key')
      }),
  },
  {
    id: 'store.closed',
    title: 'a closed lease store refuses every call, and a second close does nothing',
    run: (context) =>
      withLease(context, async (lease) => {
        const held = await mustAcquire(lease, 'key')
        await lease[Symbol.asyncDispose]()
        await lease[Symbol.asyncDispose]()
        await checkRejects(lease.acquire('other', { ttlMs: LONG_MS }), 'closed')
        await checkRejects(held.renew(), 'closed')
      }),
  },
]
