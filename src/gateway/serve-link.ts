/** Handles a client's link: admits it, joins it to the upstream, and closes it with a reason. */
import type { FrameLink, OpenRequest } from '../core/link-protocol/accept.js'
import { SignalboxError } from '../errors.js'
import type { CloseReason } from '../transport.js'
import type { RelayEnd } from './relay.js'
import type { Gateway } from './gateway.js'
import type { AdmittedLink } from './links.js'
import { Refusal } from './refusal.js'
import type { Grant } from './scopes.js'

/** How a binding accepts the socket it upgraded; `acceptWebSocket` of `signalbox/web` fits. */
export type AcceptLink = (authorize: (open: OpenRequest, signal: AbortSignal) => Promise<void>) => Promise<FrameLink>

/** What a binding knows about the client of a link. */
export interface ServeLinkOptions {
  /** Called with the client's grant once the link is open. */
  readonly onAdmitted?: (grant: Grant) => void
  /** The address of the client. */
  readonly remote?: string | undefined
  /** A token that the binding knows for this client. Used when the first frame has none. */
  readonly token?: string | undefined
}

/**
 * Serves one link of a WebSocket that the binding upgraded. Resolves when it is over. Never rejects: the client gets a
 * failure as the reason of the close.
 *
 * @example
 * import { serveLink, type Gateway } from 'signalbox/gateway'
 * import { acceptWebSocket, type WebSocketLike } from 'signalbox/web'
 *
 * declare const gateway: Gateway
 * declare const socket: WebSocketLike
 * await serveLink(gateway, 'ccc', (authorize) => acceptWebSocket(socket, { authorize }))
 */
export async function serveLink(
  gateway: Gateway,
  upstream: string,
  accept: AcceptLink,
  options: ServeLinkOptions = {},
): Promise<void> {
  const state: { admitted?: AdmittedLink } = {}
  let client: FrameLink
  try {
    client = await accept(async (open, signal) => {
      try {
        const { credential: token, launch, trace } = open
        state.admitted = await gateway.admitLink(
          upstream,
          { token: token ?? options.token, launch, trace, remote: options.remote },
          signal,
        )
      } catch (error) {
        throw error instanceof Refusal ? error.toError() : error
      }
    })
  } catch {
    // The client was refused, or left before it was joined. The upstream that was opened for it must be closed.
    await state.admitted?.abandon()
    return
  }
  if (state.admitted) options.onAdmitted?.(state.admitted.grant)
  const end = await state.admitted?.run(client)
  await client.closeAs(end ? reasonFor(end) : { kind: 'local' })
}

/** The error for the client. It names neither the address of the upstream nor the stderr of a child process. */
function reasonFor(end: RelayEnd): CloseReason {
  if (end.kind === 'refused') return { kind: 'error', error: end.refusal.toError() }
  if (end.kind === 'client') return { kind: 'local' }
  const { reason } = end
  if (reason.kind === 'exit') return { kind: 'exit', exitCode: reason.exitCode, signal: reason.signal, stderrTail: '' }
  if (reason.kind !== 'error') return { kind: reason.kind === 'eof' ? 'eof' : 'peer' }
  const shown = new Refusal('upstream_failed').toError()
  const code = SignalboxError.is(reason.error) ? reason.error.code : shown.code
  return { kind: 'error', error: new SignalboxError({ code, message: shown.message, sent: 'maybe' }) }
}
