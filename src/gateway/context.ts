/** The state that the parts of one gateway share. It ends with the gateway, and two gateways share none of it. */
import type { Clock } from '../core/clock.js'
import type { TurnBudget } from '../core/turn-budget.js'
import type { AuditTrail } from './audit-trail.js'
import type { ByteRates } from './byte-rate.js'
import type { ConcurrencyLimits } from './concurrency-limits.js'
import type { Credentials } from './credentials.js'
import type { FailureLimiter } from './failure-limiter.js'
import type { GatewayEvent } from './events.js'
import type { GatewayLimits } from './limits.js'
import { createMessageFilter, type MessageFilter } from './message-filter.js'
import type { Verdict } from './policy/policy.js'
import { Refusal, type RefusalCode } from './refusal.js'
import type { RequestLifetimes } from './request-lifetimes.js'
import type { Grant } from './scopes.js'
import type { StartedSessions } from './started-sessions.js'
import type { Tally } from './tally.js'
import type { StreamUpstream, Upstream } from './upstream.js'

/** The parts that one gateway is made of. */
export interface GatewayContext {
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly credentials: Credentials
  readonly limits: GatewayLimits
  readonly clock: Clock
  readonly lifetimes: RequestLifetimes
  readonly concurrency: ConcurrencyLimits
  readonly rates: ByteRates
  /** Wrong credentials by address, and how many of their answers wait. */
  readonly wrongCredentials: { readonly failures: FailureLimiter; waiting: number }
  /** Wrong PINs, by upstream and credential. */
  readonly pins: FailureLimiter
  readonly sessions: StartedSessions
  /** The newest events, for readers with `admin`. */
  readonly audit: AuditTrail
  /** Counts equal events. */
  readonly tally: Tally
  /** Divides the messages of all links into portions. */
  readonly turns: TurnBudget
  /** Reports an event to the log. Equal events are counted when there are many. */
  tell(event: GatewayEvent): void
}

/** A name that does not exist and a name that the credential may not use get the same answer, so that names cannot be probed. */
export function findUpstream({ upstreams }: GatewayContext, name: string, grant: Grant): Upstream {
  const upstream = upstreams.get(name)
  if (!upstream || (grant.upstreams && !grant.upstreams.includes(name))) throw new Refusal('unknown_upstream')
  return upstream
}

/** A credential and the upstream that it wants to use. */
export interface Target<Kind = Upstream> {
  readonly name: string
  readonly upstream: Kind
  readonly grant: Grant
}

/** The limit of one message or body for this upstream. */
export function messageLimit({ limits }: GatewayContext, { maxMessageBytes }: Upstream): number {
  return maxMessageBytes ?? limits.maxMessageBytes
}

const opEvent = ({ name, grant }: Target<unknown>, op: string, outcome: 'passed' | RefusalCode) => ({
  type: 'op' as const,
  upstream: name,
  grant: grant.id,
  name: grant.name,
  op,
  outcome,
})

/** Reports to the log that one message or request passed, under the name of its first verdict. What only observes is counted. */
export function notePassed(context: GatewayContext, target: Target<unknown>, verdicts: readonly Verdict[]): void {
  const [first] = verdicts
  if (!first) return
  const event = opEvent(target, first.name, 'passed')
  if (verdicts.every(({ needs }) => needs === 'observe')) context.tally.addObservation(event)
  else if (verdicts.some(({ needs }) => needs === 'admin')) context.tally.addAdministration(event)
  else context.tell(event)
}

/** Reports to the log that one message or request was refused, under the name of the verdict that the credential does not cover. */
export function noteRefused(context: GatewayContext, target: Target<unknown>, { name }: Verdict, refusal: Refusal): void {
  context.tell(opEvent(target, name, refusal.code))
}

/** Reports to the log that a request, an upgrade or a link was refused as a whole. */
export function noteRefusal(
  context: GatewayContext,
  { code }: Refusal,
  { name: upstream, grant }: { readonly name?: string | undefined; readonly grant?: Grant | undefined } = {},
): void {
  context.tell({
    type: 'refused',
    code,
    ...(upstream === undefined ? {} : { upstream }),
    ...(grant ? { grant: grant.id, name: grant.name } : {}),
  })
}

const pinKey = ({ name, grant }: Target<unknown>): string => `${name} ${grant.id}`

/** Throws when this credential gave too many wrong PINs. */
export function checkPin(context: GatewayContext, target: Target<unknown>): void {
  const waitMs = context.pins.waitMs(pinKey(target))
  if (waitMs === 0) return
  const seconds = Math.ceil(waitMs / 1_000)
  throw new Refusal('too_many', {
    message: `Too many wrong PINs. The next one is taken in ${seconds} s.`,
    hint: 'Wait, or ask the owner of the machine.',
  })
}

/** Counts a wrong PIN. */
export function noteWrongPin(context: GatewayContext, target: Target<unknown>): void {
  context.pins.fail(pinKey(target))
}

/** The filter for one link or call of this credential. */
export function filterFor(
  context: GatewayContext,
  target: Target<StreamUpstream>,
  reply?: (frame: Uint8Array) => void,
): MessageFilter {
  const { upstream, grant } = target
  return createMessageFilter(upstream.policy, grant, {
    limits: { ...context.limits, maxMessageBytes: messageLimit(context, upstream) },
    reply,
    events: {
      onWrongPin: () => noteWrongPin(context, target),
      onSession: (id) => context.sessions.add(grant.id, id),
    },
    checkPin: () => checkPin(context, target),
    onPassed: (verdicts) => notePassed(context, target, verdicts),
    onRefused: (verdict, refusal) => noteRefused(context, target, verdict, refusal),
  })
}
