/** Opens a stream upstream for a credential: the launch object is judged field by field and completed from the configuration. */
import { SignalboxError } from '../errors.js'
import type { Link } from '../transport.js'
import { notePassed, noteRefused, type GatewayContext, type Target } from './context.js'
import { enforce } from './message-filter.js'
import { Refusal } from './refusal.js'
import type { StreamUpstream } from './upstream.js'

/** What the upstream is opened with. Throws the refusal of a field that the credential does not cover. */
export function checkLaunch(
  context: GatewayContext,
  target: Target<StreamUpstream>,
  launch: unknown,
): Readonly<Record<string, unknown>> | undefined {
  const { upstream, grant } = target
  const { policy } = upstream
  if (policy.classifyLaunch === undefined) {
    if (launch !== undefined && launch !== null) {
      throw new Refusal('invalid_request', { message: 'This upstream takes no launch options.' })
    }
    return upstream.launch
  }
  const requested = launch ?? {}
  if (typeof requested !== 'object' || Array.isArray(requested)) {
    throw new Refusal('invalid_request', { message: 'Launch options are an object.' })
  }
  const fields = requested as Record<string, unknown>
  for (const verdict of policy.classifyLaunch(fields, context.sessions.of(grant.id))) {
    try {
      enforce(grant, verdict)
    } catch (error) {
      noteRefused(context, target, verdict, error as Refusal)
      throw error
    }
  }
  // Recorded each time, because a launch starts a process.
  notePassed(context, target, [{ name: 'launch', needs: 'send' }])
  // The configuration comes last, so that no request can overrule it.
  return { ...policy.launchDefaults, ...fields, ...upstream.launch }
}

/** Opens the upstream. The error for a failure names no path or socket of this machine. */
export async function openUpstream(
  upstream: StreamUpstream,
  launch: Readonly<Record<string, unknown>> | undefined,
  options: { readonly signal: AbortSignal; readonly trace?: Readonly<Record<string, string>> },
): Promise<Link> {
  try {
    return await upstream.transport.open(launch, options)
  } catch (error) {
    if (options.signal.aborted) throw error
    const why = SignalboxError.is(error) ? error.code : 'failed'
    // The message may name sockets and paths of this machine, which the client must not see.
    throw new Refusal('upstream_unreachable', { message: `The upstream could not be opened (${why}).` })
  }
}
