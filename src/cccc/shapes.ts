/** The daemon's records. Newer daemons add keys, kinds and codes; all of them pass through. */
import { isRecord } from '../core/is-record.js'

/** An object with any keys. */
export type Loose = Record<string, unknown>

/** Returns the mistake in the result of an op, or undefined. `ccccAnswers()` makes one. */
export type CcccAnswerCheck = (op: string, result: Loose) => { readonly path: string; readonly message: string } | undefined

/** An event of a group's ledger. `isCcccEvent` types the data of common kinds. */
export interface CcccEvent {
  /** The version of the record. */
  readonly v?: number
  /** 32 hex characters. */
  readonly id: string
  /** RFC 3339 in UTC with microseconds, from the daemon's clock. */
  readonly ts: string
  /** What happened: `chat.message`, `actor.start`. */
  readonly kind: string
  /** The group. */
  readonly group_id: string
  /** The attached directory that it belongs to. */
  readonly scope_key?: string
  /** Who did it: `user`, `system`, `cli` or an actor's id. The daemon does not authenticate it. */
  readonly by: string
  /** What belongs to the kind. */
  readonly data: Loose
}

/** The answer to `ping`. */
export interface CcccPing {
  /** The version of the package. */
  readonly version: string
  /** The process id of the daemon. */
  readonly pid: number
  /** The daemon's time. */
  readonly ts: string
  /** The version of the protocol: 1 on every tested daemon. */
  readonly ipc_v: number
  /** What the daemon can do, by name. */
  readonly capabilities: Readonly<Record<string, boolean>>
  /** `python` or `rust`; absent on old daemons. */
  readonly implementation?: string
  readonly [key: string]: unknown
}

/**
 * The version of the protocol never changed, but the meaning of its messages did. A: attention messages and context version 1. B:
 * attention messages and context version 3. C: message modes and context version 3.
 */
export type CcccDialect = 'A' | 'B' | 'C'

/** The value, or a default where another program sent something else. */
export const recordOr = (value: unknown, otherwise: Loose = {}): Loose => (isRecord(value) ? value : otherwise)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Checks the fields that identify an event. By hand, because it runs for every event of a stream. */
export function isEvent(value: unknown): value is CcccEvent {
  return (
    isRecord(value) &&
    typeof value.id === 'string' &&
    value.id !== '' &&
    typeof value.kind === 'string' &&
    typeof value.ts === 'string'
  )
}
