/** The portable half of the gateway: a handler from `Request` to `Response`, and the admission of links. Bindings add sockets. */
import { systemClock, type Clock } from '../core/clock.js'
import { notifyObserver } from '../core/policy/policy.js'
import { createTurnBudget } from '../core/turn-budget.js'
import { SignalboxError } from '../errors.js'
import { createAuditTrail, type AuditEntry } from './audit-trail.js'
import { createByteRates } from './byte-rate.js'
import { noteRefusal, type GatewayContext } from './context.js'
import type { GatewayEvent } from './events.js'
import { createCredentials, type Credentials } from './credentials.js'
import { createFailureLimiter } from './failure-limiter.js'
import { guard, type Purpose, type WireFacts } from './guard.js'
import { DEFAULT_LIMITS, type GatewayLimits } from './limits.js'
import { admitLink, type AdmittedLink, type LinkOpening } from './links.js'
import { createRequestLifetimes } from './request-lifetimes.js'
import { isApi, route } from './paths.js'
import { createConcurrencyLimits } from './concurrency-limits.js'
import { Refusal } from './refusal.js'
import { factsOf, finishReply, refusalReply } from './replies.js'
import { dispatch } from './routes.js'
import { createStartedSessions } from './started-sessions.js'
import { createTally } from './tally.js'
import type { Grant } from './scopes.js'
import { isUpstreamName, type Upstream } from './upstream.js'

/** What a gateway offers, and to whom. */
export interface GatewayConfig {
  /** What clients may reach, by the name in the path `/v1/<name>`: up to 64 of a-z, 0-9 and `-`, a letter first. */
  readonly upstreams: Readonly<Record<string, Upstream>>
  /** Exact `host:port` values of the Host header, in lower case, without the default port. Other requests are refused. */
  readonly allowedHosts: readonly string[]
  /** Exact origins of pages that may use the gateway, such as `https://example.org`. Default: only its own pages. */
  readonly allowedOrigins?: readonly string[]
  /** The tokens that are valid. Default: new ones, kept in memory only. */
  readonly credentials?: Credentials
  /** Limits that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<GatewayLimits>
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
  /** Facts for a log. Never holds a credential, a body or an argument. Must not throw; what it throws is dropped. */
  readonly onEvent?: (event: GatewayEvent) => void
  /** Entries of earlier runs, such as from `readAuditLog`. A credential with `admin` reads them before those of this run. Default none. */
  readonly auditPast?: readonly AuditEntry[]
}

/** What a binding learns about a request while it is handled. */
export interface RequestObserver {
  /** The request carries this valid credential. */
  onGrant(grant: Grant): void
}

/** A gateway without sockets; a binding such as `serveGateway` adds them. */
export interface Gateway {
  /** Issues and withdraws tokens. A withdrawn token ends its running links and calls. */
  readonly credentials: Credentials
  /** Every limit, with the defaults filled in. */
  readonly limits: GatewayLimits
  /**
   * Answers one request; a refusal is a response too. Rejects only when the client aborted. A Request hides facts that matter; a
   * binding that knows them passes them on.
   *
   * @example
   * import { createGateway } from 'signalbox/gateway'
   *
   * const gateway = createGateway({ upstreams: {}, allowedHosts: ['gateway.example'] })
   * export default { fetch: (request: Request) => gateway.handle(request) }
   */
  handle(request: Request, wire?: Partial<WireFacts>, observer?: RequestObserver): Promise<Response>
  /**
   * Checks an upgrade before it is made. Throws a Refusal. Gives the upstream's name.
   *
   * @example
   * import type { Gateway, WireFacts } from 'signalbox/gateway'
   *
   * declare const gateway: Gateway
   * declare const wire: WireFacts
   * console.log('a link to', gateway.admitUpgrade(wire))
   */
  admitUpgrade(wire: WireFacts): string
  /**
   * Checks a request for a page that the binding itself serves. Throws a Refusal.
   *
   * @example
   * import { Refusal, type Gateway, type WireFacts } from 'signalbox/gateway'
   *
   * declare const gateway: Gateway
   * export function mayLoad(wire: WireFacts): boolean | Refusal {
   *   try {
   *     gateway.admitPage(wire)
   *     return true
   *   } catch (error) {
   *     if (error instanceof Refusal) return error
   *     throw error
   *   }
   * }
   */
  admitPage(wire: WireFacts): void
  /**
   * Checks a link's first frame and opens the upstream. Throws a Refusal. The caller then calls `run`, or `abandon` when the client
   * has left.
   *
   * @example
   * import type { Gateway } from 'signalbox/gateway'
   * import type { Link } from 'signalbox'
   *
   * declare const gateway: Gateway
   * declare const client: Link
   * const admitted = await gateway.admitLink('ccc', { token: 'sbx_token_…' })
   * console.log((await admitted.run(client)).kind)
   */
  admitLink(upstream: string, open: LinkOpening, signal?: AbortSignal): Promise<AdmittedLink>
  /**
   * Refuses new requests, ends running calls and links with the refusal `draining`, and resolves when all of them are closed.
   *
   * @example
   * import type { Gateway } from 'signalbox/gateway'
   *
   * declare const gateway: Gateway
   * process.once('SIGTERM', () => void gateway.drain())
   */
  drain(): Promise<void>
  /** Calls and links that are open now. */
  readonly inUse: { readonly calls: number; readonly links: number }
}

/** From the tenth wrong credential of an address on, each one makes it wait a minute. */
const WRONG_CREDENTIALS = { free: 10, holdMs: 60_000, maxHoldMs: 60_000 }
/** The waits after wrong PINs: one minute, two, four … up to an hour. */
const PIN_HOLD = { holdMs: 60_000, maxHoldMs: 3_600_000 }

/**
 * Creates a gateway: a function from `Request` to `Response`, and the admission of links. Throws `invalid_argument` when a name, a host or an
 * origin of the configuration is wrong.
 *
 * @example
 * import { createGateway } from 'signalbox/gateway'
 *
 * const gateway = createGateway({ upstreams: {}, allowedHosts: ['gateway.example'] })
 * console.log((await gateway.handle(new Request('https://gateway.example/v1'))).status)
 */
export function createGateway(config: GatewayConfig): Gateway {
  const { clock = systemClock, onEvent, allowedHosts, allowedOrigins = [] } = config
  const hosts = { allowedHosts: checkedHosts(allowedHosts), allowedOrigins: checkedOrigins(allowedOrigins) }
  const limits: GatewayLimits = { ...DEFAULT_LIMITS, ...config.limits }
  const credentials = config.credentials ?? createCredentials({ clock })
  const upstreams = new Map(Object.entries(config.upstreams))
  for (const name of upstreams.keys()) {
    if (!isUpstreamName(name))
      throw misconfigured(`"${name}" is no upstream name`, 'Use up to 64 of a-z, 0-9 and "-", a letter first.')
  }
  const lifetimes = createRequestLifetimes(credentials, clock)
  const concurrency = createConcurrencyLimits(limits)
  const audit = createAuditTrail(clock, config.auditPast)
  const tally = createTally(clock, (event) => {
    audit.add(event)
    notifyObserver(onEvent, event)
  })
  const context: GatewayContext = {
    upstreams,
    credentials,
    limits,
    clock,
    lifetimes,
    concurrency,
    rates: createByteRates(limits.maxBytesPerSecond, clock),
    wrongCredentials: { failures: createFailureLimiter({ ...WRONG_CREDENTIALS, clock }), waiting: 0 },
    pins: createFailureLimiter({ ...PIN_HOLD, free: limits.maxWrongPins, clock }),
    sessions: createStartedSessions(),
    audit,
    turns: createTurnBudget(clock),
    tally,
    tell: tally.add,
  }
  credentials.onChange(({ change, id, name }) => context.tell({ type: 'credential', grant: id, name, change }))

  /** Reports a refusal and throws it again. */
  const refused = <Given>(attempt: () => Given): Given => {
    try {
      return attempt()
    } catch (error) {
      if (error instanceof Refusal) noteRefusal(context, error)
      throw error
    }
  }

  return {
    credentials,
    limits,
    async handle(request, wire, observer) {
      const facts = factsOf(request, wire)
      // Some edge runtimes give requests without a signal.
      const client = request.signal as AbortSignal | undefined
      let grant: Grant | undefined
      const lifetime = lifetimes.begin(client, (shown) => {
        grant = shown
        observer?.onGrant(shown)
      })
      let allowOrigin: string | undefined
      try {
        const preflight = request.method === 'OPTIONS'
        const purpose: Purpose = preflight ? 'preflight' : isApi(facts.target) ? 'api' : 'page'
        allowOrigin = guard(hosts, facts, purpose).allowOrigin
        const target = route(facts.target)
        if (!preflight) return finishReply(await dispatch(context, request, facts, target, lifetime), allowOrigin, request)
        lifetime.over()
        return finishReply(new Response(null, { status: 204 }), allowOrigin, request)
      } catch (error) {
        const { reason } = lifetime.signal
        lifetime.over()
        // The client is gone, so there is nobody to answer.
        if (client?.aborted && !(error instanceof Refusal)) throw error
        const refusal = error instanceof Refusal ? error : whyEnded(reason, error)
        noteRefusal(context, refusal, { grant })
        return finishReply(refusalReply(refusal), allowOrigin, request)
      }
    },
    admitUpgrade: (wire) =>
      refused(() => {
        guard(hosts, wire, 'link')
        lifetimes.checkOpen()
        const target = route(wire.target)
        if (target.action !== 'link' || target.upstream === undefined) throw new Refusal('not_found')
        return target.upstream
      }),
    admitPage: (wire) => refused(() => void guard(hosts, wire, 'page')),
    async admitLink(name, open, clientSignal) {
      let grant: Grant | undefined
      try {
        return await admitLink(context, name, open, clientSignal, (shown) => {
          grant = shown
        })
      } catch (error) {
        // An unknown name may be any text from an address, even a secret, so it is not logged.
        const upstream = upstreams.has(name) ? name : undefined
        if (error instanceof Refusal) noteRefusal(context, error, { name: upstream, grant })
        throw error
      }
    },
    drain() {
      tally.flush()
      return lifetimes.drain()
    },
    get inUse() {
      return concurrency.inUse
    },
  }
}

/** Why a request was cut off. The upstream may have carried it out by then, whatever the reason says. */
function whyEnded(reason: unknown, error: unknown): Refusal {
  if (!(reason instanceof Refusal)) return new Refusal('upstream_failed')
  if (SignalboxError.is(error) && error.sent === 'no') return reason
  return new Refusal(reason.code, { message: reason.message, hint: reason.hint, sent: 'maybe' })
}

function misconfigured(message: string, hint: string): SignalboxError {
  return new SignalboxError({ code: 'invalid_argument', message: `${message}.`, hint })
}

/** A wildcard, a scheme or a path would match no request, so it is an error and not ignored. */
function checkedHosts(hosts: readonly string[]): readonly string[] {
  for (const host of hosts) {
    if (!/^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(host)) {
      throw misconfigured(`allowedHosts holds "${host}", which no browser sends`, 'Write it as host:port, in lower case.')
    }
  }
  return hosts
}

function checkedOrigins(origins: readonly string[]): readonly string[] {
  for (const origin of origins) {
    // `URL` gives no origin for the pages of extensions.
    const web = /^https?:/.test(origin)
    const plain = /^[a-z][a-z0-9+.-]*:\/\/[^\s/*]+$/.test(origin)
    if (!plain || (web && (!URL.canParse(origin) || new URL(origin).origin !== origin))) {
      throw misconfigured(
        `allowedOrigins holds "${origin}", which is no origin`,
        'Write it as https://example.org, without a slash.',
      )
    }
  }
  return origins
}
