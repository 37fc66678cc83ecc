/** What the daemon's records look like. Open everywhere: newer daemons add keys, kinds and codes, and all of them pass through. */
import { isRecord } from '../core/is-record.js'

export type Loose = Record<string, unknown>

/** Returns what is broken in the result of an op, or undefined. `ccccAnswers()` makes one. */
export type CcccAnswerCheck = (op: string, result: Loose) => { readonly path: string; readonly message: string } | undefined

export interface CcccEvent {
  readonly v?: number
  /** 32 hex characters. */
  readonly id: string
  /** RFC 3339 in UTC with microseconds, from the daemon's clock. */
  readonly ts: string
  readonly kind: string
  readonly group_id: string
  readonly scope_key?: string
  /** The principal: `user`, `system`, `cli` or an actor's id. Trusted text, nothing is authenticated. */
  readonly by: string
  readonly data: Loose
}

export interface CcccPing {
  readonly version: string
  readonly pid: number
  /** The daemon's clock. */
  readonly ts: string
  readonly ipc_v: number
  readonly capabilities: Readonly<Record<string, boolean>>
  readonly implementation?: string
  readonly [key: string]: unknown
}

/**
 * The protocol's number never changed, the meaning of its messages did: A has attention messages and context v1, B attention messages
 * and context v3, C message modes and context v3.
 */
export type CcccDialect = 'A' | 'B' | 'C'

/** What another program gave, where it is not what it should be. */
export const recordOr = (value: unknown, otherwise: Loose = {}): Loose => (isRecord(value) ? value : otherwise)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The identity fields that everything else relies on, checked by hand because streams are hot. */
export function isEvent(value: unknown): value is CcccEvent {
  return (
    isRecord(value) &&
    typeof value.id === 'string' &&
    value.id !== '' &&
    typeof value.kind === 'string' &&
    typeof value.ts === 'string'
  )
}
