/** Links: admitted by their first frame, joined to the upstream until either side is gone. */
import type { Link } from '../transport.js'
import { relay, type RelayEnd } from './relay.js'
import { filterFor, findUpstream, noteRefusal, type GatewayContext } from './context.js'
import { createFrameReplies } from './frame-replies.js'
import { checkLaunch, openUpstream } from './launch.js'
import { Refusal } from './refusal.js'
import { noteOpening } from './routes.js'
import { allows, type Grant } from './scopes.js'
import { heldBack } from './wrong-credentials.js'

/** A link that was admitted: the upstream is open, and the client is not joined to it yet. */
export interface AdmittedLink {
  /** The name of the upstream. */
  readonly upstream: string
  /** The credential of the client. */
  readonly grant: Grant
  /** Joins the client to the upstream until either side is gone, and says which one ended it. The caller closes `client`. */
  run(client: Link): Promise<RelayEnd>
  /** Closes the upstream: the client left before it was joined. */
  abandon(): Promise<void>
}

/** What the first frame of a link said. */
export interface LinkOpening {
  /** The token. A proof of possession follows it after a space. */
  readonly token?: string | undefined
  /** The launch object, for an upstream that takes one. The policy of the upstream judges its fields. */
  readonly launch?: unknown
  /** `traceparent` and `tracestate`; other names are dropped. */
  readonly trace?: Readonly<Record<string, string>> | undefined
  /** The address of the client, for the limit on wrong credentials. */
  readonly remote?: string | undefined
}

/** Opens the upstream for a link. Throws the refusal when its first frame does not allow that. */
export async function admitLink(
  context: GatewayContext,
  name: string,
  open: LinkOpening,
  clientSignal: AbortSignal | undefined,
  onGrant: (grant: Grant) => void,
): Promise<AdmittedLink> {
  const { credentials, lifetimes, limits, clock } = context
  lifetimes.checkOpen()
  // The proof follows the token: a page can set no header for a WebSocket.
  const [token, proof] = open.token?.split(' ') ?? []
  const presented = { method: 'LINK', target: `/v1/${name}/link`, proof }
  const grant = await heldBack(context, open.remote, clientSignal, () => credentials.verify(token, presented))
  onGrant(grant)
  lifetimes.checkOpen()
  const upstream = findUpstream(context, name, grant)
  if (!allows(grant, 'observe')) throw new Refusal('scope_missing', { scope: 'observe' })
  if (upstream.kind !== 'stream') throw new Refusal('wrong_kind')
  const replies = upstream.policy.answerRefusal ? createFrameReplies(upstream.policy.framing) : undefined
  const target = { name, upstream, grant }
  const filter = filterFor(context, target, replies?.send)
  const launch = checkLaunch(context, target, open.launch)
  const lifetime = lifetimes.begin(clientSignal)
  try {
    lifetime.belongTo(grant)
    lifetime.atEnd(context.concurrency.takeLink(name, upstream, grant))
    const link = await openUpstream(upstream, launch, { signal: lifetime.signal, ...traceOf(open.trace) })
    noteOpening(context, { name, grant, lifetime }, 'link')
    void lifetimes.track(link).then(lifetime.over)
    const { stallTimeoutMs, idleTimeoutMs, drainTimeoutMs } = limits
    // A child process is asked to end twice before it is killed. All of that must fit into a drain.
    const refusalGraceMs = Math.floor(drainTimeoutMs / 4)
    return {
      upstream: name,
      grant,
      async run(client) {
        const end = await relay(replies ? replies.wrap(client) : client, link, {
          filter,
          stallTimeoutMs,
          idleTimeoutMs,
          refusalGraceMs,
          pace: (bytes) => context.rates.spend(grant.id, bytes, lifetime.signal),
          ...(replies ? { repliesSettled: replies.settled } : {}),
          turns: context.turns,
          clock,
          signal: lifetime.signal,
        })
        if (end.kind === 'refused') noteRefusal(context, end.refusal, { name, grant })
        return end
      },
      abandon: async () => void (await link.close()),
    }
  } catch (error) {
    const { reason } = lifetime.signal
    lifetime.over()
    throw lifetime.signal.aborted && reason instanceof Refusal ? reason : error
  }
}

/** Only the two names of the W3C pass, because a trace becomes HTTP headers or environment variables of a child process. */
function traceOf(trace: Readonly<Record<string, string>> | undefined): { trace?: Record<string, string> } {
  const passing = Object.entries(trace ?? {}).filter(
    ([name, value]) => (name === 'traceparent' || name === 'tracestate') && /^[\x21-\x7e]{1,512}$/.test(value),
  )
  return passing.length > 0 ? { trace: Object.fromEntries(passing) } : {}
}
