/** What a credential may do. Bound on the server when the credential is issued; never taken from a request. */
import type { ProofKey } from './proof-key.js'

/** Every scope, the weakest first. */
export const SCOPES = ['observe', 'send', 'approve', 'approveWithChanges', 'admin'] as const
/** One of the scopes. */
export type Scope = (typeof SCOPES)[number]

/** How a table classifies one op, field or path. `server-only` is refused for every credential: only the configuration may set it. */
export type Classification = Scope | 'server-only'

/** A valid credential, without the credential itself. */
export interface Grant {
  /** Identifies the credential in logs. It is no secret. */
  readonly id: string
  /** A name for people. */
  readonly name?: string
  /** What the credential may do; see `allows`. */
  readonly scopes: readonly Scope[]
  /** Upstreams that the credential may name; undefined means every one. */
  readonly upstreams?: readonly string[]
  /** When it ends, in milliseconds since 1970. Absent when it has no end. */
  readonly expiresAtMs?: number
}

/** What a new credential may do. */
export interface GrantRequest {
  /** What the credential may do. Default `observe` alone. */
  readonly scopes?: readonly Scope[]
  /** The upstreams that it may name. Default every one. */
  readonly upstreams?: readonly string[]
  /** How long it is valid. Default: no end; for a device `deviceTtlMs`, for a redeemed ticket `sessionTtlMs`. */
  readonly ttlMs?: number
  /** A name for people. */
  readonly name?: string
  /** The credential of a device: it has a longer life and survives a restart of the gateway. */
  readonly device?: boolean
  /** The key that each request under this credential has to be signed with. */
  readonly proofKey?: ProofKey
}

/** The name of a credential for people, and for journals that say who did what. */
export const nameOf = ({ name, id }: Grant): string => name ?? `credential ${id}`

/**
 * Whether a value is a scope.
 *
 * @example
 * import { isScope } from 'signalbox/gateway'
 *
 * console.log(['observe', 'root'].filter(isScope))
 */
export function isScope(value: unknown): value is Scope {
  return SCOPES.includes(value as Scope)
}

/**
 * Whether a grant covers a scope. `admin` covers everything, `approveWithChanges` covers `approve`, every scope covers `observe`,
 * and the others cover only themselves.
 *
 * @example
 * import { allows, type Grant } from 'signalbox/gateway'
 *
 * declare const grant: Grant
 * if (!allows(grant, 'send')) console.log(`${grant.name ?? grant.id} may only look`)
 */
export function allows({ scopes }: Grant, needed: Scope): boolean {
  if (scopes.includes('admin') || scopes.includes(needed)) return true
  return needed === 'approve' ? scopes.includes('approveWithChanges') : needed === 'observe' && scopes.length > 0
}
