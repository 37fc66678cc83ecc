/** What a connection needs to know about one generation of the protocol: how its envelopes become bytes, and back. */

/** Kinds of envelopes. The numbers are the same in both generations; 2.0 has no callback and no answer. */
export const KIND = { request: 1, response: 2, event: 3, done: 4, error: 5, callback: 6, answer: 7 } as const

export interface WireEnvelope {
  readonly id: number
  readonly kind: number
}

export interface Wire<Envelope extends WireEnvelope, Payload> {
  /** What a core of this generation reads; it exits at a longer frame. */
  readonly maxRequestBytes: number
  /** The longest frame that a core of this generation may send. */
  readonly maxFrameBytes: number
  /** The ready frame. Throws `too_large` above the limit. */
  encode(id: number, kind: number, payload: Payload, maxBytes: number): Uint8Array
  /** Throws for bytes that are no envelope: after them nothing on the pipe can be trusted. */
  decode(body: Uint8Array): Envelope
}

/** The two generations of the protocol: `cmdop.core.v1` of the cores 1.x, and `cmdop.core.v2` of the cores 2.x. */
export type Generation = 1 | 2
