/** What every codec is: pure, synchronous, batch-wise. A chunk comes in, an array of messages comes out. */
import type { SignalboxError } from '../../errors.js'

/** Turns chunks of bytes into messages. Synchronous: a chunk goes in, the messages that it completes come out. */
export interface Decoder<Message> {
  /**
   * The messages that this chunk completes. Never throws: what was decoded before a fault is still returned, and the fault
   * stands in `fault` afterwards. After a fault nothing more is decoded.
   */
  push(chunk: Uint8Array): Message[]
  /** The end of the bytes: a complete last message, or the fault that a broken one leaves. */
  end(): Message[]
  /** Why decoding has stopped; null while it has not. */
  readonly fault: SignalboxError | null
}

/**
 * How a codec is made: `fault` is a plain field that its functions set. A getter of its own would cost a hidden class for each
 * decoder that is made, and a decoder may live for one short call.
 */
export type DecoderState<Type> = { -readonly [Key in keyof Type]: Type[Key] }
