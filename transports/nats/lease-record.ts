/** What the message of a lease says. */
import type { Stored } from './wire.js'

export interface LeaseRecord {
  /** The sequence at which the holder acquired it. */
  readonly token: number
  /** 0 when it was released. */
  readonly ttlMs: number
}

/** The acquisition itself cannot contain its own sequence. */
export function readLease({ seq, bytes }: Stored): LeaseRecord {
  const { token = seq, ttlMs = 0 } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<LeaseRecord>
  return { token, ttlMs }
}

export const writeLease = (record: Partial<LeaseRecord>): Uint8Array => new TextEncoder().encode(JSON.stringify(record))
