/** Cases for durable stores: what is still there after the store is opened again. */
import type { Fence, Store } from '../../store/store.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { bytesOf, freshName, mustAcquire, textOf, type StoreContext } from './context.js'

const forgets = (context: StoreContext): string | undefined =>
  context.openPlace ? undefined : `the ${context.store.name} store does not outlive its closing`

/** Opens the same new location several times. Each round must find what the earlier one wrote. */
async function turns(context: StoreContext, ...steps: ((store: Store) => Promise<void>)[]): Promise<void> {
  const place = freshName('place')
  for (const step of steps) {
    check(context.openPlace !== undefined, 'a durable store can be opened again')
    await using store = await context.openPlace(place)
    await step(store)
  }
}

export const durableCases: readonly Case<StoreContext>[] = [
  {
    id: 'store.durable.log',
    title: 'a log keeps its entries, its sequences and its fence after it is opened again',
    skip: forgets,
    async run(context) {
      let last = 0
      const fences: Fence[] = []
      await turns(
        context,
        async (store) => {
          await using log = await store.log('log')
          await using lease = await store.lease('lease')
          const held = await mustAcquire(lease, 'key')
          fences.push({ key: held.key, token: held.token })
          const sequences = await log.append([bytesOf('one'), bytesOf('two')], { fence: held })
          last = sequences.at(-1) ?? 0
          await held.release()
          const next = await mustAcquire(lease, 'key')
          await log.append([], { fence: next })
        },
        async (store) => {
          await using log = await store.log('log')
          checkEqual(
            (await log.read(0)).entries.map(({ bytes }) => textOf(bytes)),
            ['one', 'two'],
          )
          for (const fence of fences) await checkRejects(log.append([bytesOf('late')], { fence }), 'conflict')
          await log.trim(last + 1)
        },
        async (store) => {
          await using log = await store.log('log')
          const [sequence] = await log.append([bytesOf('three')])
          check(sequence !== undefined && sequence > last, 'a trimmed and reopened log goes on counting')
          const page = await log.read(last)
          checkEqual([page.gap?.reason, page.entries.length], ['expired', 1])
        },
      )
    },
  },
  {
    id: 'store.durable.kv',
    title: 'a map keeps its values and versions after it is opened again, and no version repeats',
    skip: forgets,
    async run(context) {
      const versions: string[] = []
      const fences: Fence[] = []
      await turns(
        context,
        async (store) => {
          await using kv = await store.kv('kv')
          versions.push(await kv.put('kept', bytesOf('one')))
          versions.push(await kv.put('gone', bytesOf('two')))
          await kv.delete('gone')
          await using lease = await store.lease('lease')
          const held = await mustAcquire(lease, 'key')
          fences.push({ key: held.key, token: held.token })
          await held.release()
          await kv.put('fenced', bytesOf('new holder'), { fence: await mustAcquire(lease, 'key') })
        },
        async (store) => {
          await using kv = await store.kv('kv')
          const kept = await kv.get('kept')
          checkEqual(kept && [textOf(kept.bytes), kept.version], ['one', versions[0]])
          for (const fence of fences) await checkRejects(kv.put('fenced', bytesOf('late'), { fence }), 'conflict')
          checkEqual(await kv.get('gone'), null)
          versions.push(await kv.put('gone', bytesOf('two')))
          checkEqual(new Set(versions).size, 3)
          check((await kv.compareAndSet('kept', kept?.version ?? null, bytesOf('three'))) !== null, 'the old version still counts')
        },
      )
    },
  },
  {
    id: 'store.durable.lease',
    title: 'fencing tokens keep rising after the store is opened again',
    skip: forgets,
    async run(context) {
      const tokens: number[] = []
      const hold = async (store: Store): Promise<void> => {
        await using lease = await store.lease('lease')
        const held = await lease.acquire('key', { ttlMs: 60_000 })
        check(held !== null, 'the lease is free')
        tokens.push(held.token)
        await held.release()
      }
      await turns(context, hold, hold, hold)
      const [first = 0, second = 0, third = 0] = tokens
      check(first < second && second < third, `tokens rise: ${tokens.join(' ')}`)
    },
  },
]
