import { describe, expect, it } from 'vitest'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { createInbox } from '../../src/core/inbox.js'
import { batches, createReader, messages } from '../../src/core/messages.js'
import { memoryPair } from '../../src/testing/index.js'
import type { Link } from '../../src/transport.js'
import { bytesOf, concat } from '../codec/chunks.js'

const lines = (...values: unknown[]): Uint8Array => concat(values.map(encodeNdjson))

async function collect<Item>(items: AsyncIterable<Item>): Promise<{ got: Item[]; error: unknown }> {
  const got: Item[] = []
  try {
    for await (const item of items) got.push(item)
    return { got, error: undefined }
  } catch (error) {
    return { got, error }
  }
}

/** A link whose reading half is fed by hand, to make it fail. */
function fedLink(): { link: Link; inbox: ReturnType<typeof createInbox> } {
  const [whole] = memoryPair()
  const inbox = createInbox(() => {})
  return { link: { ...whole, read: () => inbox.read() }, inbox }
}

describe('messages of a link', () => {
  it('come one by one or in the batches of the chunks, until EOF', async () => {
    for (const read of [messages, batches]) {
      const [near, far] = memoryPair()
      await far.write(lines(1, 2))
      await far.write(lines(3))
      await far.end()
      const { got, error } = await collect<unknown>(read(near, ndjsonDecoder()))
      expect(error).toBeUndefined()
      expect(got).toEqual(read === messages ? [1, 2, 3] : [[1, 2], [3]])
    }
  })

  it('come before the decoder fault that follows them [codec.fault-order]', async () => {
    const { link, inbox } = fedLink()
    inbox.push(bytesOf('1\n2\nbroken\n3\n'))
    const { got, error } = await collect(messages(link, ndjsonDecoder()))
    expect(got).toEqual([1, 2])
    expect(error).toMatchObject({ code: 'invalid_message' })
  })

  it('come before the link fault that follows them [inbox.fault-last]', async () => {
    const { link, inbox } = fedLink()
    inbox.push(lines(1, 2))
    inbox.fail(new Error('reset'))
    const { got, error } = await collect(messages(link, ndjsonDecoder()))
    expect(got).toEqual([1, 2])
    expect(error).toMatchObject({ message: 'reset' })
  })

  it('leave the link open when their loop is left', async () => {
    const [near, far] = memoryPair()
    await far.write(lines(1))
    for await (const message of messages(near, ndjsonDecoder())) {
      expect(message).toBe(1)
      break
    }
    await near.write(lines('still open'))
    expect(await far.read()).toEqual(lines('still open'))
  })

  it('that arrive with the answer of a handshake are delivered to the loop after it [messages.handshake-rest]', async () => {
    const [near, far] = memoryPair()
    await far.write(lines('welcome', 'event 1', 'event 2'))
    await far.write(lines('event 3'))
    await far.end()
    const reader = createReader<string>(near, ndjsonDecoder<string>())
    expect(await reader.next()).toBe('welcome')
    expect(await reader.batch()).toEqual(['event 1', 'event 2'])
    expect(await reader.next()).toBe('event 3')
    expect(await reader.next()).toBeNull()
    expect(await reader.batch()).toBeNull()
  })

  it('end in the same fault for each further read', async () => {
    const { link, inbox } = fedLink()
    inbox.push(bytesOf('1\nbroken\n'))
    const reader = createReader(link, ndjsonDecoder())
    expect(await reader.next()).toBe(1)
    await expect(reader.next()).rejects.toMatchObject({ code: 'invalid_message' })
    await expect(reader.batch()).rejects.toMatchObject({ code: 'invalid_message' })
  })

  it('include a complete last line at EOF, and then the fault of a broken one', async () => {
    for (const [text, code] of [
      ['1\n2', undefined],
      ['1\n2\n{"cut', 'invalid_message'],
    ] as const) {
      const { link, inbox } = fedLink()
      inbox.push(bytesOf(text))
      inbox.end()
      const { got, error } = await collect(messages(link, ndjsonDecoder()))
      expect(got).toEqual([1, 2])
      expect((error as { code?: string } | undefined)?.code).toBe(code)
    }
  })
})
