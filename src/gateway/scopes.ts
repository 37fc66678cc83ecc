/** What a credential may do. Bound on the server when the credential is issued; never taken from a request. */

export const SCOPES = ['observe', 'send', 'approve', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** How a table classifies one op, field or path. `server-only` is refused to everybody: only the configuration may say it. */
export type Classification = Scope | 'server-only'

export interface Grant {
  /** Names the credential in logs without being one. */
  readonly id: string
  readonly scopes: readonly Scope[]
  /** Upstreams that the credential may name; undefined means every one. */
  readonly upstreams?: readonly string[]
  readonly expiresAtMs?: number
}

export function isScope(value: unknown): value is Scope {
  return SCOPES.includes(value as Scope)
}

/** `admin` covers everything, every scope covers `observe`, and the others stand for themselves. */
export function allows(grant: Grant, needed: Scope): boolean {
  return grant.scopes.includes('admin') || grant.scopes.includes(needed) || (needed === 'observe' && grant.scopes.length > 0)
}
