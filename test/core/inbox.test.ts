import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createInbox } from '../../src/core/inbox.js'
import { collectGarbage } from '../collect-garbage.js'
import { eventually } from '../eventually.js'

const chunk = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

describe('the inbox of a link', () => {
  it('gives chunks in order, both with an early and with a late reader', async () => {
    const inbox = createInbox(() => {})
    inbox.push(chunk(1))
    inbox.push(chunk(2))
    expect(await inbox.read()).toEqual(chunk(1))
    expect(await inbox.read()).toEqual(chunk(2))
    const pending = inbox.read()
    inbox.push(chunk(3))
    expect(await pending).toEqual(chunk(3))
    expect(inbox.bytes).toBe(0)
  })

  it('loses and reorders nothing, for any order of pushes and reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 3000 }), async (steps) => {
        const inbox = createInbox(() => {}, 100)
        const got: number[] = []
        let pushed = 0
        for (const push of steps) {
          if (push) {
            inbox.push(chunk(pushed % 256))
            pushed += 1
          } else if (got.length < pushed) got.push((await inbox.read())?.[0] ?? -1)
        }
        inbox.end()
        for (let next = await inbox.read(); next !== null; next = await inbox.read()) got.push(next[0] ?? -1)
        expect(got).toEqual(Array.from({ length: pushed }, (_, index) => index % 256))
      }),
      { numRuns: 50 },
    )
  })

  it('asks for a pause at the mark and for more below half of it, once', async () => {
    const onRoom = vi.fn()
    const inbox = createInbox(onRoom, 10)
    expect(inbox.push(new Uint8Array(9))).toBe(true)
    expect(inbox.push(new Uint8Array(1))).toBe(false)
    expect(inbox.push(new Uint8Array(4))).toBe(false)
    await inbox.read()
    expect(onRoom).not.toHaveBeenCalled()
    await inbox.read()
    expect(onRoom).toHaveBeenCalledTimes(1)
    await inbox.read()
    expect(onRoom).toHaveBeenCalledTimes(1)
  })

  it('asks for no more bytes after its end, even if the reader empties it', async () => {
    const onRoom = vi.fn()
    const inbox = createInbox(onRoom, 4)
    inbox.push(new Uint8Array(8))
    inbox.end()
    expect((await inbox.read())?.byteLength).toBe(8)
    expect(await inbox.read()).toBeNull()
    expect(onRoom).not.toHaveBeenCalled()
  })

  it('delivers a fault after the received bytes, and again to each later read [inbox.fault-last]', async () => {
    const inbox = createInbox(() => {})
    inbox.push(chunk(1))
    inbox.fail(new Error('reset'))
    inbox.push(chunk(2))
    expect(await inbox.read()).toEqual(chunk(1))
    await expect(inbox.read()).rejects.toThrow('reset')
    await expect(inbox.read()).rejects.toThrow('reset')
  })

  it('gives a pending read the fault, the end, or null at local close', async () => {
    const endings: [(inbox: ReturnType<typeof createInbox>) => void, unknown][] = [
      [(inbox) => inbox.fail(new Error('reset')), 'reset'],
      [(inbox) => inbox.end(), null],
      [(inbox) => inbox.discard(), null],
    ]
    for (const [end, expected] of endings) {
      const inbox = createInbox(() => {})
      const pending = inbox.read().catch((error: Error) => error.message)
      end(inbox)
      expect(await pending).toBe(expected)
    }
  })

  it('discards everything at local close, also a fault and later bytes', async () => {
    const inbox = createInbox(() => {})
    inbox.push(chunk(1))
    inbox.fail(new Error('reset'))
    inbox.discard()
    inbox.push(chunk(2))
    expect(inbox.bytes).toBe(0)
    expect(await inbox.read()).toBeNull()
  })

  it('keeps its first ending: a reset after EOF is ignored', async () => {
    const inbox = createInbox(() => {})
    inbox.end()
    inbox.fail(new Error('reset'))
    expect(await inbox.read()).toBeNull()
  })

  it('has one reader: a second concurrent read rejects, and the first still gets its chunk', async () => {
    const inbox = createInbox(() => {})
    const first = inbox.read()
    await expect(inbox.read()).rejects.toMatchObject({ code: 'invalid_argument' })
    inbox.push(chunk(7))
    expect(await first).toEqual(chunk(7))
  })

  it('skips an empty chunk: only null means the end', async () => {
    const inbox = createInbox(() => {})
    inbox.push(new Uint8Array(0))
    const pending = inbox.read()
    inbox.push(new Uint8Array(0))
    inbox.push(chunk(1))
    expect(await pending).toEqual(chunk(1))
  })

  it('releases chunks that were read, even if the inbox is never empty [inbox.frees-read]', async () => {
    const inbox = createInbox(() => {})
    const read: WeakRef<Uint8Array>[] = []
    inbox.push(new Uint8Array(1000))
    for (let round = 0; round < 100; round += 1) {
      inbox.push(new Uint8Array(1000))
      read.push(new WeakRef((await inbox.read()) as Uint8Array))
    }
    await eventually(() => {
      collectGarbage()
      expect(read.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5)
    })
    expect(inbox.bytes).toBe(1000)
  })
})
