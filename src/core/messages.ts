/** Reads a link through a decoder: batches for whoever counts cost, single messages for whoever wants comfort. */
import type { Link } from '../transport.js'
import type { Decoder } from './codec/codec.js'

/**
 * Batches of messages until EOF. Delivered before any fault, of the link or of the decoder, that follows them. Leaving the loop
 * does not close the link: whoever opened it does.
 */
export async function* batches<Message>(link: Link, decoder: Decoder<Message>): AsyncGenerator<Message[], void, void> {
  for (;;) {
    const chunk = await link.read()
    const batch = chunk === null ? decoder.end() : decoder.push(chunk)
    if (batch.length > 0) yield batch
    if (decoder.fault) throw decoder.fault
    if (chunk === null) return
  }
}

/** The same, one by one. */
export async function* messages<Message>(link: Link, decoder: Decoder<Message>): AsyncGenerator<Message, void, void> {
  for await (const batch of batches(link, decoder)) yield* batch
}
