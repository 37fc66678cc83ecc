/** The interface of every codec. It is pure and synchronous: a chunk in, an array of messages out. */
import type { SignalboxError } from '../../errors.js'

/** Turns chunks of bytes into messages. Synchronous: a chunk goes in, the messages that it completes come out. */
export interface Decoder<Message> {
  /**
   * The messages that this chunk completes. Never throws: what was decoded before a fault is still returned, and the fault
   * is in `fault` afterwards. After a fault nothing more is decoded.
   */
  push(chunk: Uint8Array): Message[]
  /** Call at the end of the bytes. Returns a complete last message, or sets `fault` for an incomplete one. */
  end(): Message[]
  /** Why decoding has stopped; null while it has not. */
  readonly fault: SignalboxError | null
}

/**
 * A decoder with `fault` as a plain field, which its functions set. A getter would cost a hidden class for each decoder, and a decoder may
 * live for one short call.
 */
export type DecoderState<Type> = { -readonly [Key in keyof Type]: Type[Key] }
