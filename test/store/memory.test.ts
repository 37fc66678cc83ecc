import { describe, expect, it } from 'vitest'
import { SignalboxError } from '../../src/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createFakeClock, storeCases, type StoreContext } from '../../src/testing/index.js'
import { registerCases } from '../register-cases.js'

function memoryContext(): StoreContext & { readonly timers: number } {
  const clock = createFakeClock()
  return {
    store: memoryStore({ clock }),
    wait: (ms) => clock.advance(ms),
    get timers() {
      return clock.timers
    },
  }
}

describe('the memory store', () => {
  registerCases(storeCases, async (run) => {
    const context = memoryContext()
    await run(context)
    await context.store[Symbol.asyncDispose]()
    expect(context.timers).toBe(0)
  })

  it('shares the data of a name between its handles, and closes each handle separately', async () => {
    await using store = memoryStore()
    const one = await store.log('name')
    const two = await store.log('name')
    await one.append([Uint8Array.of(1)])
    const tail = two.tail(0)[Symbol.asyncIterator]()
    await tail.next()
    const coming = tail.next()
    await one.append([Uint8Array.of(2)])
    await one[Symbol.asyncDispose]()
    const came = await coming
    expect(came.done ? [] : came.value.entries).toEqual([{ sequence: 2, bytes: Uint8Array.of(2) }])
    await expect(two.state()).resolves.toMatchObject({ entries: 2 })
    await expect(one.state()).rejects.toMatchObject({ code: 'closed' })
  })

  it('closes its handles when it is closed and refuses later opens', async () => {
    const store = memoryStore()
    const kv = await store.kv('name')
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await expect(kv.get('key')).rejects.toMatchObject({ code: 'closed' })
    await expect(store.kv('name')).rejects.toMatchObject({ code: 'closed' })
  })

  it('is bounded, entry by entry, and has space again after a trim or a delete [store.memory.bounded]', async () => {
    await using store = memoryStore({ maxBytes: 1000 })
    const log = await store.log('log')
    const first = await log.append([new Uint8Array(400), new Uint8Array(400)])
    const full = await log.append([new Uint8Array(400)]).catch((error: unknown) => error)
    expect(SignalboxError.is(full, 'unavailable') && full.message).toContain('maxBytes')
    await log.trim(first[1] ?? 0)
    await log.append([new Uint8Array(400)])
    await expect(log.append(Array(20).fill(new Uint8Array(0)))).rejects.toMatchObject({ code: 'unavailable', sent: 'no' })
    expect(await log.state()).toMatchObject({ entries: 2, bytes: 800 })

    const kv = await store.kv('kv')
    await kv.put('a', new Uint8Array(800))
    await kv.put('a', new Uint8Array(900))
    await expect(kv.put('b', new Uint8Array(100))).rejects.toMatchObject({ code: 'unavailable' })
    await kv.delete('a')
    await kv.put('b', new Uint8Array(900))
  })
})
