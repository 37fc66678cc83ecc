/** Tickets: each works once, for a short time. Only their digests are kept. */
import type { Clock } from '../core/clock.js'
import { Refusal } from './refusal.js'
import type { GrantRequest, Scope } from './scopes.js'
import { digestOf, randomId, randomSecret } from './secrets.js'

/** A ticket that was not used yet. */
export interface TicketInfo {
  /** For `revoke`. It is no secret. */
  readonly id: string
  /** The name that the credential will have. */
  readonly name?: string | undefined
  /** What the credential will be able to do. */
  readonly scopes: readonly Scope[]
  /** When the ticket ends if nobody uses it, in milliseconds since 1970. */
  readonly expiresAtMs: number
}

export interface Ticket {
  readonly id: string
  readonly request: GrantRequest
  readonly expiresAtMs: number
  uses: number
  /** The grant that it was spent on. */
  session?: string
}

interface TicketOptions {
  readonly expiry: Expiry
  readonly clock: Clock
  readonly ttlMs: number
  readonly limit: number
}

export function createTickets({ expiry, clock, ttlMs, limit }: TicketOptions) {
  const tickets = new Map<string, Ticket>()
  return {
    async issue(request: GrantRequest): Promise<{ readonly ticket: string; readonly id: string }> {
      const ticket = randomSecret('sbx_ticket')
      const made = { id: randomId(), request, expiresAtMs: clock.now() + ttlMs, uses: 0 }
      expiry.limit(made, ttlMs)
      tickets.set(await digestOf(ticket), made)
      forgetOldest(tickets, limit, () => true)
      return { ticket, id: made.id }
    },
    /** The ticket, spent or not. Throws the refusal when it is unknown. */
    async find(ticket: string): Promise<Ticket> {
      const record = looksLikeSecret(ticket) ? tickets.get(await digestOf(ticket)) : undefined
      if (!record) throw new Refusal('ticket_spent')
      return record
    },
    remove(id: string): Ticket | undefined {
      for (const [digest, ticket] of tickets) {
        if (ticket.id !== id) continue
        tickets.delete(digest)
        return ticket
      }
      return undefined
    },
    list: (): TicketInfo[] =>
      [...tickets.values()]
        .filter((ticket) => ticket.uses === 0 && !expiry.isOver(ticket))
        .map(({ id, request: { name, scopes = ['observe'] }, expiresAtMs }) => ({ id, name, scopes, expiresAtMs })),
  }
}

export const looksLikeSecret = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 16 && value.length <= 512

export type Expiry = ReturnType<typeof createExpiry>

interface Expiring {
  readonly expiresAtMs?: number
}

/** Two clocks limit a credential, so that neither a clock that is set back nor the sleep of the machine makes it valid for longer. */
export function createExpiry(clock: Clock) {
  const until = new WeakMap<object, number>()
  return {
    limit(expiring: Expiring, ttlMs: number | undefined): void {
      if (ttlMs !== undefined) until.set(expiring, clock.monotonic() + ttlMs)
    },
    isOver: (expiring: Expiring): boolean =>
      (expiring.expiresAtMs ?? Infinity) <= clock.now() || (until.get(expiring) ?? Infinity) <= clock.monotonic(),
  }
}

/** Removes the oldest entry above the limit. The owner's token, which has no end, is never removed. */
export function forgetOldest<Kept>(
  map: Map<string, Kept>,
  limit: number,
  isForgettable: (entry: Kept) => boolean,
): Kept | undefined {
  if (map.size <= limit) return undefined
  for (const [digest, entry] of map) {
    if (!isForgettable(entry)) continue
    map.delete(digest)
    return entry
  }
  return undefined
}
