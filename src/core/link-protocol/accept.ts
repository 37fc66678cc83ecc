/** The server side of the opening, its refusals, and the report of how the process or connection behind a link ended. */
import { SignalboxError, type ErrorCode } from '../../errors.js'
import { redactText } from '../../redact-text.js'
import type { CloseOptions, CloseReason, Link, LinkInfo } from '../../transport.js'
import { systemClock, type Clock } from '../clock.js'
import { deferred } from '../deferred.js'
import { exceededJsonLimit } from '../json-limits.js'
import { checkedWindow, type Handshake } from './connect.js'
import { createFrameLink, type FrameReceiver, type FrameSocket } from './frame-link.js'
import { brief, briefEnd, encodeControl, linkError, parseControl, type CloseFrame, type OpenFrame } from './frames.js'

/**
 * Frames that a client may send after it was refused: those that it sent before it knew. After more, the socket is cut, because each one costs
 * a parse.
 */
const SPARE_FRAMES = 16

/** How long a server waits for the client's `open`. */
export const OPEN_TIMEOUT_MS = 2_000

/** A link that can report to the client why it closes, for example how the child behind a gateway ended. */
export interface FrameLink extends Link {
  /** Closes the link and sends the reason to the client, which gets it as its own close reason or failure. */
  closeAs(reason: CloseReason, options?: CloseOptions): Promise<CloseReason>
}

/** The client's `open`, for `authorize`. */
export type OpenRequest = Omit<OpenFrame, 'type' | 'window'>

/** An admitted link with the launch and trace of its client. The credential is not kept. */
export interface AcceptedLink extends FrameLink, Omit<OpenRequest, 'credential'> {}

/** How a link is accepted. */
export interface AcceptFramesOptions {
  readonly info: LinkInfo
  readonly socket: FrameSocket
  readonly windowBytes?: number | undefined
  /** How long the client may take to send `open`; default two seconds. */
  readonly openTimeoutMs?: number | undefined
  /**
   * Admits or refuses the client. Throwing refuses it; a SignalboxError also tells it why. The signal aborts when the client leaves
   * meanwhile. Without this option every client is admitted.
   */
  readonly authorize?: ((open: OpenRequest, signal: AbortSignal) => void | Promise<void>) | undefined
  readonly clock?: Clock | undefined
}

/** The promise of the link rejects with the reason of a refusal or failure. */
export function acceptFrames(options: AcceptFramesOptions): Handshake<AcceptedLink> {
  const { info, socket, authorize, clock = systemClock, openTimeoutMs = OPEN_TIMEOUT_MS } = options
  const window = checkedWindow(options.windowBytes)
  const opened = deferred<AcceptedLink>()
  const leaving = new AbortController()
  let phase: 'waiting' | 'deciding' | 'over' = 'waiting'
  let after: FrameReceiver | undefined
  let spareFrames = SPARE_FRAMES
  let cut: { cancel(): void } | undefined

  const giveUp = (error: unknown): void => {
    phase = 'over'
    timer.cancel()
    opened.reject(error)
    leaving.abort(error)
  }
  const refuse = (error: unknown): void => {
    if (phase === 'over') return
    const { frame, socketCode } = closeFrameFor({ kind: 'error', error })
    socket.send(encodeControl(frame))
    socket.close(socketCode, frame.message ?? '')
    giveUp(error)
    cut = clock.after(OPEN_TIMEOUT_MS, () => socket.terminate?.())
  }
  const timer = clock.after(openTimeoutMs, () =>
    refuse(linkError(info, 'deadline_exceeded', `The client did not say open within ${openTimeoutMs} ms.`)),
  )
  const gone = (): SignalboxError => linkError(info, 'closed', 'The client left before the link was open.')

  const decide = async (credit: number, request: OpenRequest): Promise<void> => {
    try {
      await authorize?.(request, leaving.signal)
    } catch (error) {
      return refuse(error)
    }
    if (phase === 'over') return
    phase = 'over'
    const made = createFrameLink({ info, socket, window, credit })
    after = made.receiver
    socket.send(encodeControl({ type: 'open', window }))
    const { credential: _spent, ...openRequest } = request
    opened.resolve(
      Object.assign(made.link, openRequest, {
        closeAs(reason: CloseReason, closing?: CloseOptions) {
          const { frame, socketCode } = closeFrameFor(reason)
          return made.closeWith(frame, socketCode, closing)
        },
      }),
    )
  }

  return {
    link: opened.promise,
    receiver: {
      frame(data) {
        if (after) return after.frame(data)
        if (phase === 'over') {
          spareFrames -= 1
          if (spareFrames === 0) socket.terminate?.()
          return
        }
        const parsed = typeof data === 'string' ? parseOpening(data) : 'bytes before open'
        const request = requestOf(parsed)
        if (typeof parsed === 'object' && parsed.type === 'close') refuse(gone())
        else if (typeof request === 'string' || typeof parsed === 'string' || parsed.type !== 'open' || phase === 'deciding') {
          const why = typeof request === 'string' ? request : 'a second open before the link is open'
          refuse(linkError(info, 'protocol', `The client broke the link protocol: ${why}.`))
        } else {
          phase = 'deciding'
          timer.cancel()
          void decide(parsed.window, request)
        }
      },
      socketClosed(code, detail) {
        cut?.cancel()
        if (after) after.socketClosed(code, detail)
        else if (phase !== 'over') giveUp(gone())
      },
    },
  }
}

/** A launch needs a few levels and some hundred values. Limited, because the client is not authorized yet. */
const OPENING_LIMITS = { maxDepth: 64, maxNodes: 10_000 }

function parseOpening(text: string): ReturnType<typeof parseControl> {
  return exceededJsonLimit(text, OPENING_LIMITS) ? 'open with too many values' : parseControl(text)
}

/** The client's request, checked; or a text that says what is wrong with it. */
function requestOf(parsed: ReturnType<typeof parseControl>): OpenRequest | string {
  if (typeof parsed === 'string') return parsed
  if (parsed.type !== 'open') return `${parsed.type} before the link is open`
  const { credential, launch, trace } = parsed
  if (credential !== undefined && typeof credential !== 'string') return 'open with a credential that is not text'
  const carried = Object.entries(trace !== null && typeof trace === 'object' ? trace : {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return {
    ...(credential === undefined ? {} : { credential }),
    ...(launch === undefined ? {} : { launch }),
    ...(carried.length === 0 || Array.isArray(trace) ? {} : { trace: Object.fromEntries(carried) }),
  }
}

/** The close code of each error code: 4000 plus the HTTP status with the same meaning. The `close` frame has more detail. */
const SOCKET_CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  invalid_argument: 4400,
  protocol: 4400,
  invalid_message: 4400,
  unauthenticated: 4401,
  permission_denied: 4403,
  not_found: 4404,
  deadline_exceeded: 4408,
  conflict: 4409,
  too_large: 4413,
  incompatible: 4426,
  rate_limited: 4429,
  slow_consumer: 4430,
  unsupported: 4501,
  unreachable: 4502,
  unavailable: 4503,
}

/** The close code of a WebSocket for an error code. */
export const socketCodeOf = (code: ErrorCode): number => SOCKET_CODES[code] ?? 4500

/** The `close` frame and the close code of a side that closes. */
function closeFrameFor(reason: CloseReason): { frame: CloseFrame; socketCode: number } {
  const plain = (more: Partial<CloseFrame>) => ({ frame: { type: 'close', ...more } as const, socketCode: 1000 })
  if (reason.kind === 'exit') {
    const { exitCode, signal, stderrTail } = reason
    return plain({ exit: { exitCode, signal, stderrTail: briefEnd(redactText(stderrTail)) } })
  }
  if (reason.kind === 'peer') return plain({ message: reason.detail === undefined ? undefined : redactText(reason.detail) })
  if (reason.kind !== 'error') return plain({})
  // Another error may hold a secret, so its message is not sent.
  const known: Pick<SignalboxError, 'code' | 'message' | 'remoteCode' | 'retryAfterMs'> = SignalboxError.is(reason.error)
    ? reason.error
    : { code: 'remote', message: 'The other side failed.' }
  const { code, message, remoteCode, retryAfterMs } = known
  const waits = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs)
  const frame = { type: 'close', code, message: brief(message), remoteCode: brief(remoteCode), retryAfterMs: waits } as const
  return { frame, socketCode: socketCodeOf(code) }
}
