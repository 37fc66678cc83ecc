/**
 * Tokens and tickets. Only digests are kept, so a dump of the gateway's memory or state holds no credential, and looking one up by its
 * digest takes the same time whatever an attacker guesses. A ticket works once, for a short time, and gives a token of its own.
 */
import { systemClock, type Clock } from '../core/clock.js'
import { Refusal } from './refusal.js'
import { isScope, type Grant, type Scope } from './scopes.js'
import { digestOf, randomId, randomSecret } from './secrets.js'

export interface CredentialOptions {
  readonly clock?: Clock
  /** Default 60 s: a ticket travels in a URL fragment, from a terminal to a page. */
  readonly ticketTtlMs?: number
  /** Default 12 h: how long the token of a redeemed ticket lifetimes. */
  readonly sessionTtlMs?: number
  /** Default 1000 of each; the oldest goes first. */
  readonly maxCredentials?: number
}

export interface GrantRequest {
  readonly scopes?: readonly Scope[]
  readonly upstreams?: readonly string[]
  readonly ttlMs?: number
}

export interface Credentials {
  /** Registers a token that was made elsewhere, such as the one in the token file. */
  addToken(token: string, request?: GrantRequest): Promise<Grant>
  issueToken(request?: GrantRequest): Promise<{ token: string; grant: Grant }>
  issueTicket(request?: GrantRequest): Promise<string>
  /** Spends the ticket. A second use, by whomever, is refused, and the token of the first is withdrawn: one of the two was a thief. */
  redeem(ticket: string): Promise<{ token: string; grant: Grant }>
  verify(token: string | undefined): Promise<Grant>
  revoke(grantId: string): void
  /** Called once, when the grant is withdrawn; returns the function that stops listening. */
  onRevoked(grantId: string, listener: () => void): () => void
}

interface Ticket {
  readonly request: GrantRequest
  readonly expiresAtMs: number
  uses: number
  /** The grant that it was spent on. */
  session?: string
}

const usedTwice = (): Refusal =>
  new Refusal('ticket_spent', { message: 'The ticket was used twice, so the session it opened was ended.' })

const looksLikeSecret = (value: unknown): value is string => typeof value === 'string' && value.length >= 16 && value.length <= 512

export function createCredentials(options: CredentialOptions = {}): Credentials {
  const { clock = systemClock, ticketTtlMs = 60_000, sessionTtlMs = 12 * 3_600_000, maxCredentials = 1_000 } = options
  const tokens = new Map<string, Grant>()
  const tickets = new Map<string, Ticket>()

  const listeners = new Map<string, Set<() => void>>()

  /** A clock that is set back must lengthen no lifetime, nor must the sleep of a machine: whichever of the two clocks is first ends it. */
  const until = new WeakMap<object, number>()
  const lasting = <Mortal extends object>(mortal: Mortal, ttlMs: number | undefined): Mortal => {
    if (ttlMs !== undefined) until.set(mortal, clock.monotonic() + ttlMs)
    return mortal
  }
  const isOver = (mortal: { readonly expiresAtMs?: number }): boolean =>
    (mortal.expiresAtMs ?? Infinity) <= clock.now() || (until.get(mortal) ?? Infinity) <= clock.monotonic()

  /** Tickets and sessions pile up; a token without an end is the owner's own and is never forgotten. */
  const forgetOldest = <Mortal extends { readonly expiresAtMs?: number }>(map: Map<string, Mortal>): Mortal | undefined => {
    if (map.size <= maxCredentials) return undefined
    for (const [digest, mortal] of map) {
      if (mortal.expiresAtMs === undefined) continue
      map.delete(digest)
      return mortal
    }
    return undefined
  }
  const grantOf = ({ scopes = ['observe'], upstreams, ttlMs }: GrantRequest): Grant => {
    const grant: Grant = {
      id: randomId(),
      scopes: scopes.filter(isScope),
      ...(upstreams ? { upstreams: [...upstreams] } : {}),
      ...(ttlMs !== undefined ? { expiresAtMs: clock.now() + ttlMs } : {}),
    }
    return lasting(grant, ttlMs)
  }
  const revoke = (grantId: string): void => {
    for (const [digest, grant] of tokens) if (grant.id === grantId) tokens.delete(digest)
    const told = listeners.get(grantId)
    listeners.delete(grantId)
    for (const listener of told ?? []) listener()
  }
  const addToken = async (token: string, request: GrantRequest = {}): Promise<Grant> => {
    const grant = grantOf(request)
    tokens.set(await digestOf(token), grant)
    const forgotten = forgetOldest(tokens)
    // What runs under it ends with it.
    if (forgotten) revoke(forgotten.id)
    return grant
  }
  const issueToken = async (request: GrantRequest = {}) => {
    const token = randomSecret('sbx_token')
    return { token, grant: await addToken(token, request) }
  }

  return {
    addToken,
    issueToken,
    async issueTicket(request = {}) {
      const ticket = randomSecret('sbx_ticket')
      const made = { request, expiresAtMs: clock.now() + ticketTtlMs, uses: 0 }
      tickets.set(await digestOf(ticket), lasting(made, ticketTtlMs))
      forgetOldest(tickets)
      return ticket
    },
    async redeem(ticket) {
      if (!looksLikeSecret(ticket)) throw new Refusal('ticket_spent')
      const known = tickets.get(await digestOf(ticket))
      if (!known) throw new Refusal('ticket_spent')
      if (known.uses > 0) {
        known.uses += 1
        if (known.session !== undefined) revoke(known.session)
        throw usedTwice()
      }
      if (isOver(known)) throw new Refusal('ticket_spent')
      // Spent before anything is awaited, so that two simultaneous redemptions cannot both pass.
      known.uses = 1
      const session = await issueToken({ ttlMs: sessionTtlMs, ...known.request })
      known.session = session.grant.id
      if (known.uses > 1) {
        revoke(session.grant.id)
        throw usedTwice()
      }
      return session
    },
    async verify(token) {
      if (!looksLikeSecret(token)) throw new Refusal('unauthenticated')
      const digest = await digestOf(token)
      const grant = tokens.get(digest)
      if (!grant) throw new Refusal('unauthenticated')
      if (isOver(grant)) {
        tokens.delete(digest)
        throw new Refusal('unauthenticated', { message: 'The session has expired.' })
      }
      return grant
    },
    revoke,
    onRevoked(grantId, listener) {
      const mine = listeners.get(grantId) ?? new Set()
      listeners.set(grantId, mine.add(listener))
      return () => {
        mine.delete(listener)
        if (mine.size === 0 && listeners.get(grantId) === mine) listeners.delete(grantId)
      }
    },
  }
}
