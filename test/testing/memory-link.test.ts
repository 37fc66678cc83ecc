import { describe, expect, it } from 'vitest'
import { memoryPair, memoryServer } from '../../src/testing/index.js'
import type { Link } from '../../src/transport.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** Has the promise settled, once everything that could run has run? */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  promise.then(
    () => {
      done = true
    },
    () => {
      done = true
    },
  )
  await new Promise((resolve) => setTimeout(resolve, 0))
  return done
}

async function readAll(link: Link): Promise<number[]> {
  const got: number[] = []
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) got.push(...chunk)
  return got
}

describe('a pair of links in memory', () => {
  it('gives the reader a copy of each chunk', async () => {
    const [near, far] = memoryPair()
    const chunk = bytes(1, 2)
    await near.write(chunk)
    chunk.fill(0)
    expect(await far.read()).toEqual(bytes(1, 2))
  })

  it('makes writers wait for space, in order, and lets them continue when the reader has read', async () => {
    const [near, far] = memoryPair({ windowBytes: 4 })
    await near.write(bytes(1, 2, 3, 4))
    const second = near.write(bytes(5))
    const third = near.write(bytes(6))
    expect(await settled(second)).toBe(false)
    expect(await far.read()).toEqual(bytes(1, 2, 3, 4))
    await Promise.all([second, third])
    expect([await far.read(), await far.read()]).toEqual([bytes(5), bytes(6)])
  })

  it('with the smallest window all bytes arrive', async () => {
    const [near, far] = memoryPair({ windowBytes: 0 })
    const written = Promise.all([1, 2, 3].map((value) => near.write(bytes(value)))).then(() => near.end())
    expect(await readAll(far)).toEqual([1, 2, 3])
    await written
  })

  it('half-closes after pending writes; when both directions have ended, both sides end', async () => {
    const [near, far] = memoryPair({ windowBytes: 1 })
    const written = [near.write(bytes(1)), near.write(bytes(2))]
    const ended = near.end()
    expect(near.end()).toBe(ended)
    await expect(near.write(bytes(3))).rejects.toMatchObject({ code: 'closed', sent: 'no' })
    expect(await settled(near.closed)).toBe(false)
    expect(await readAll(far)).toEqual([1, 2])
    await Promise.all([...written, ended])
    await far.write(bytes(9))
    expect(await near.read()).toEqual(bytes(9))
    await far.end()
    expect(await near.read()).toBeNull()
    expect([await near.closed, await far.closed]).toEqual([{ kind: 'eof' }, { kind: 'eof' }])
  })

  it('keeps the bytes that arrived before the peer closed', async () => {
    const [near, far] = memoryPair()
    await near.write(bytes(1, 2))
    await near.close({ reason: 'enough' })
    expect(await far.closed).toEqual({ kind: 'peer', detail: 'enough' })
    expect(await readAll(far)).toEqual([1, 2])
    await expect(far.write(bytes(3))).rejects.toMatchObject({ code: 'closed' })
    await far.end()
  })

  it('rejects a waiting write when its peer dies and at its own close', async () => {
    for (const closer of [0, 1]) {
      const pair = memoryPair({ windowBytes: 1 })
      const [near] = pair
      await near.write(bytes(1))
      const waiting = near.write(bytes(2))
      await (pair[closer] as Link).close()
      await expect(waiting).rejects.toMatchObject({ code: 'closed', sent: 'no' })
    }
  })

  it('gives a pending read null at local close, discards the rest, and closes once', async () => {
    const [near, far] = memoryPair()
    const pending = near.read()
    const closing = near.close()
    expect(near.close()).toBe(closing)
    expect(await closing).toEqual({ kind: 'local' })
    expect(await pending).toBeNull()
    await expect(far.write(bytes(1))).rejects.toMatchObject({ code: 'closed' })
    expect(await near.read()).toBeNull()
  })

  it('lets a caller ignore a refused write, without an exception or unhandled rejection [memory.ignored-write]', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      const [near, far] = memoryPair({ windowBytes: 1 })
      await near.write(bytes(1))
      void near.write(bytes(2))
      void near.write(bytes(3))
      await far.close()
      void near.write(bytes(4))
      void far.write(bytes(5))
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})

describe('a server in memory', () => {
  it('the listener accepts each link that its transport opens', async () => {
    await using server = memoryServer()
    const near = await server.transport.open()
    for await (const far of server.accept()) {
      await far.write(bytes(7))
      break
    }
    expect(await near.read()).toEqual(bytes(7))
  })

  it('keeps links that a left loop had not accepted yet', async () => {
    await using server = memoryServer()
    const opened = [await server.transport.open(), await server.transport.open()]
    const accepted: string[] = []
    for (let round = 0; round < 2; round += 1) {
      for await (const far of server.accept()) {
        accepted.push(far.info.peer ?? '')
        break
      }
    }
    expect(accepted).toEqual(opened.map((link) => link.info.id))
  })

  it('refuses an aborted open and an open after its close, and closes links that were not accepted', async () => {
    const server = memoryServer()
    await expect(server.transport.open(undefined, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
      sent: 'no',
    })
    const waiting = await server.transport.open()
    await server[Symbol.asyncDispose]()
    expect((await waiting.closed).kind).toBe('peer')
    await expect(server.transport.open()).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    for await (const _ of server.accept()) throw new Error('nothing to accept')
  })
})
