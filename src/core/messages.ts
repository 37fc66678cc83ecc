/** Reads a link through a decoder, in batches or one message at a time. Batches cost less. */
import type { Link } from '../transport.js'
import type { Decoder } from './codec/codec.js'

/**
 * Reads one message or one batch at a time and keeps the rest of a chunk. So after a handshake the next loop still gets the events that came
 * in the same chunk as the answer.
 */
export interface MessageReader<Message> {
  /**
   * The next message, or null at the end. A fault of the link or of the decoder rejects, after every message before it.
   *
   * @example
   * import { createReader, ndjsonDecoder } from 'signalbox/codec'
   * import type { Link } from 'signalbox'
   *
   * export const first = (link: Link) => createReader(link, ndjsonDecoder()).next()
   */
  next(): Promise<Message | null>
  /**
   * All messages that have arrived, at least one; null at the end.
   *
   * @example
   * import { createReader, ndjsonDecoder } from 'signalbox/codec'
   * import type { Link } from 'signalbox'
   *
   * export async function count(link: Link): Promise<number> {
   *   const reader = createReader(link, ndjsonDecoder())
   *   let total = 0
   *   for (let batch = await reader.batch(); batch !== null; batch = await reader.batch()) total += batch.length
   *   return total
   * }
   */
  batch(): Promise<Message[] | null>
}

/**
 * Reads messages from a link through a decoder. It is the only reader of that link.
 *
 * @example
 * import { createReader, ndjsonDecoder } from 'signalbox/codec'
 * import { unixSocket } from 'signalbox/node'
 *
 * await using link = await unixSocket({ path: '/tmp/server.sock' }).open()
 * const reader = createReader(link, ndjsonDecoder<{ id: number }>())
 * for (let message = await reader.next(); message !== null; message = await reader.next()) console.log(message.id)
 */
export function createReader<Message>(link: Pick<Link, 'read'>, decoder: Decoder<Message>): MessageReader<Message> {
  let kept: Message[] = []
  let head = 0
  let ended = false

  const fill = async (): Promise<boolean> => {
    while (head === kept.length) {
      if (decoder.fault) throw decoder.fault
      if (ended) return false
      const chunk = await link.read()
      ended = chunk === null
      kept = chunk === null ? decoder.end() : decoder.push(chunk)
      head = 0
    }
    return true
  }

  return {
    async next() {
      if (head === kept.length && !(await fill())) return null
      const message = kept[head] as Message
      head += 1
      return message
    },
    async batch() {
      if (head === kept.length && !(await fill())) return null
      const batch = head === 0 ? kept : kept.slice(head)
      kept = []
      head = 0
      return batch
    },
  }
}

/**
 * Yields batches of messages until EOF. A fault of the link or of the decoder is thrown after every message before it. Leaving the loop does
 * not close the link. A second loop over the same link would lose messages: use `createReader` for that.
 */
export async function* batches<Message>(
  link: Pick<Link, 'read'>,
  decoder: Decoder<Message>,
): AsyncGenerator<Message[], void, void> {
  const reader = createReader(link, decoder)
  for (let batch = await reader.batch(); batch !== null; batch = await reader.batch()) yield batch
}

/** The same as `batches`, one message at a time. */
export async function* messages<Message>(link: Pick<Link, 'read'>, decoder: Decoder<Message>): AsyncGenerator<Message, void, void> {
  for await (const batch of batches(link, decoder)) {
    for (const message of batch) yield message
  }
}
