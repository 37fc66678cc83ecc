/** The cases for maps. */
import { SignalboxError } from '../../errors.js'
import type { Kv } from '../../store/store.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { bytesOf, freshName, mustAcquire, textOf, type StoreContext } from './context.js'

async function withKv(context: StoreContext, run: (kv: Kv) => Promise<void>): Promise<void> {
  await using kv = await context.store.kv(freshName('kv'))
  await run(kv)
}

const textAt = async (kv: Kv, key: string): Promise<string | undefined> => {
  const entry = await kv.get(key)
  return entry ? textOf(entry.bytes) : undefined
}

/** False if the driver rejects a second handle with `conflict`. Any other error fails the case. */
async function isOpened(opening: Promise<Kv>): Promise<boolean> {
  try {
    await opening
    return true
  } catch (error) {
    if (SignalboxError.is(error, 'conflict')) return false
    throw error
  }
}

/** Keys that are difficult for drivers on files, on SQL or on plain objects. */
const ODD_KEYS = [
  'a/b',
  '..',
  '.',
  '../x',
  'con',
  'A',
  'a',
  '%2F',
  "it's",
  '__proto__',
  'constructor',
  ' ',
  'ü€𐍈',
  '\ufffd',
  '𐍈',
  'x'.repeat(256),
]

export const kvCases: readonly Case<StoreContext>[] = [
  {
    id: 'store.kv.values',
    title: 'a map gives back the bytes that were put last, without a change',
    run: (context) =>
      withKv(context, async (kv) => {
        checkEqual(await kv.get('key'), null)
        await kv.put('key', bytesOf('one'))
        const version = await kv.put(
          'key',
          Uint8Array.from({ length: 256 }, (_, byte) => byte),
        )
        checkEqual(await kv.get('key'), { key: 'key', bytes: Uint8Array.from({ length: 256 }, (_, byte) => byte), version })
        const large = Uint8Array.from({ length: 1_000_000 }, (_, at) => at % 251)
        await kv.put('large', large)
        checkEqual((await kv.get('large'))?.bytes, large)
        await kv.put('empty', new Uint8Array(0))
        checkEqual((await kv.get('empty'))?.bytes.byteLength, 0)
        checkEqual(await kv.delete('key'), true)
        checkEqual(await kv.delete('key'), false)
        checkEqual(await kv.get('key'), null)
      }),
  },
  {
    id: 'store.kv.keys',
    title: 'keys with any characters are distinct',
    run: (context) =>
      withKv(context, async (kv) => {
        for (const key of ODD_KEYS) await kv.put(key, bytesOf(`value of ${key}`))
        for (const key of ODD_KEYS) checkEqual(await textAt(kv, key), `value of ${key}`)
        checkEqual(await kv.list(), [...ODD_KEYS].sort())
        checkEqual(await kv.get('toString'), null)
      }),
  },
  {
    id: 'store.kv.compare-and-set',
    title: 'compare-and-set creates only a missing key and replaces only the given version',
    run: (context) =>
      withKv(context, async (kv) => {
        const first = await kv.compareAndSet('key', null, bytesOf('one'))
        check(first !== null, 'an absent key is created')
        checkEqual(await kv.compareAndSet('key', null, bytesOf('again')), null)
        const second = await kv.compareAndSet('key', first, bytesOf('two'))
        check(second !== null && second !== first, 'a new write has a new version')
        checkEqual(await kv.compareAndSet('key', first, bytesOf('late')), null)
        checkEqual(await kv.compareAndSet('other', first, bytesOf('absent')), null)
        checkEqual(await textAt(kv, 'key'), 'two')
        checkEqual(await kv.delete('key', first), false)
        checkEqual(await kv.delete('key', second), true)
      }),
  },
  {
    id: 'store.kv.race',
    title: 'of many compare-and-set calls at once, exactly one succeeds in every round',
    run: (context) =>
      withKv(context, async (kv) => {
        let version = await kv.compareAndSet('counter', null, bytesOf('start'))
        for (let round = 0; round < 5; round += 1) {
          const before = version
          const answers = await Promise.all(
            Array.from({ length: 8 }, (_, rival) => kv.compareAndSet('counter', before, bytesOf(`${round}-${rival}`))),
          )
          const winners = answers.flatMap((answer, rival) => (answer === null ? [] : [rival]))
          checkEqual(winners.length, 1, `round ${round}`)
          checkEqual(await textAt(kv, 'counter'), `${round}-${winners[0]}`)
          version = answers.find((answer) => answer !== null) ?? null
        }
      }),
  },
  {
    id: 'store.two-handles',
    title: 'two handles to one map see the same data, or the second one rejects with conflict',
    async run(context) {
      const name = freshName('kv')
      await using first = await context.store.kv(name)
      const version = await first.put('key', bytesOf('one'))
      const opening = context.store.kv(name)
      if (!(await isOpened(opening))) return
      await using second = await opening
      checkEqual(await textAt(second, 'key'), 'one')
      const answers = await Promise.all([first, second].map((kv) => kv.compareAndSet('key', version, bytesOf('two'))))
      checkEqual(answers.filter((answer) => answer !== null).length, 1, 'one handle wins')
      await second[Symbol.asyncDispose]()
      checkEqual(await textAt(first, 'key'), 'two', 'closing one handle leaves the other open')
    },
  },
  {
    id: 'store.kv.version',
    title: 'a key that was deleted and stored again gets a new version',
    run: (context) =>
      withKv(context, async (kv) => {
        const versions = new Set<string>()
        for (let life = 0; life < 3; life += 1) {
          versions.add(await kv.put('key', bytesOf('same')))
          versions.add(await kv.put('key', bytesOf('same')))
          await kv.delete('key')
        }
        checkEqual(versions.size, 6)
      }),
  },
  {
    id: 'store.kv.list',
    title: 'keys are listed in order, by prefix, and in bounded pages',
    run: (context) =>
      withKv(context, async (kv) => {
        for (const key of ['b/2', 'a/1', 'b/10', 'c', 'b/1', 'b']) await kv.put(key, bytesOf(key))
        checkEqual(await kv.list(), ['a/1', 'b', 'b/1', 'b/10', 'b/2', 'c'])
        checkEqual(await kv.list({ prefix: 'b/' }), ['b/1', 'b/10', 'b/2'])
        const first = await kv.list({ maxKeys: 4 })
        checkEqual(first, ['a/1', 'b', 'b/1', 'b/10'])
        checkEqual(await kv.list({ maxKeys: 4, after: 'b/10' }), ['b/2', 'c'])
        checkEqual(await kv.list({ prefix: 'b/', after: 'b/1', maxKeys: 1 }), ['b/10'])
        checkEqual(await kv.list({ prefix: 'z' }), [])
        checkEqual([await kv.list({ prefix: 'b_' }), await kv.list({ prefix: '%' }), await kv.list({ prefix: 'B' })], [[], [], []])
        checkEqual(await kv.list({ after: 'z' }), [])
      }),
  },
  {
    id: 'store.kv.fence',
    title: 'a write of an earlier holder of a lease is refused once the new holder has written, and changes nothing',
    run: (context) =>
      withKv(context, async (kv) => {
        await using lease = await context.store.lease(freshName('lease'))
        const [first, other] = [await mustAcquire(lease, 'key'), await mustAcquire(lease, 'other')]
        const version = await kv.put('mine', bytesOf('one'), { fence: first })
        await first.release()
        const second = await mustAcquire(lease, 'key')
        const next = await kv.compareAndSet('mine', version, bytesOf('two'), { fence: second })
        check(next !== null, 'the new holder writes over the old value')
        checkEqual(await kv.compareAndSet('mine', version, bytesOf('again'), { fence: second }), null, 'the version still counts')
        const late = [
          kv.put('mine', bytesOf('late'), { fence: first }),
          kv.compareAndSet('mine', next, bytesOf('late'), { fence: first }),
          kv.compareAndSet('new', null, bytesOf('late'), { fence: first }),
          kv.delete('mine', next, { fence: first }),
        ]
        const errors = await Promise.all(late.map((write) => checkRejects(write, 'conflict')))
        checkEqual(
          errors.map(({ sent }) => sent),
          ['no', 'no', 'no', 'no'],
        )
        checkEqual([await textAt(kv, 'mine'), await textAt(kv, 'new')], ['two', undefined])
        check(
          (await kv.compareAndSet('theirs', null, bytesOf('three'), { fence: other })) !== null,
          'another lease is not affected',
        )
        checkEqual(await kv.delete('mine', next, { fence: second }), true)
        await kv.put('mine', bytesOf('unfenced'))
      }),
  },
  {
    id: 'store.copies',
    title: 'a map is not affected by changes to bytes that a caller passed or got',
    run: (context) =>
      withKv(context, async (kv) => {
        const mine = bytesOf('kept')
        const put = kv.put('key', mine)
        mine.fill(0)
        await put
        ;(await kv.get('key'))?.bytes.fill(0)
        checkEqual(await textAt(kv, 'key'), 'kept')
      }),
  },
  {
    id: 'store.checks',
    title: 'a map refuses invalid keys',
    run: (context) =>
      withKv(context, async (kv) => {
        for (const key of ['', 'a\0b', 'x'.repeat(257), '\ud800', 'x\udc00']) {
          await checkRejects(kv.get(key), 'invalid_argument')
          await checkRejects(kv.put(key, bytesOf('x')), 'invalid_argument')
          await checkRejects(kv.compareAndSet(key, null, bytesOf('x')), 'invalid_argument')
          await checkRejects(kv.delete(key), 'invalid_argument')
        }
        await checkRejects(kv.list({ maxKeys: 0 }), 'invalid_argument')
        await checkRejects(context.store.kv(''), 'invalid_argument')
      }),
  },
  {
    id: 'store.closed',
    title: 'a closed map refuses every call, and a second close does nothing',
    run: (context) =>
      withKv(context, async (kv) => {
        await kv[Symbol.asyncDispose]()
        await kv[Symbol.asyncDispose]()
        await checkRejects(kv.get('key'), 'closed')
        await checkRejects(kv.put('key', bytesOf('x')), 'closed')
        await checkRejects(kv.compareAndSet('key', null, bytesOf('x')), 'closed')
        await checkRejects(kv.delete('key'), 'closed')
        await checkRejects(kv.list(), 'closed')
      }),
  },
]
