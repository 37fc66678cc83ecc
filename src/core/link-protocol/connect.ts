/** The client side of the opening: it sends `open` with its credential and launch. The answer is `open`, or `close` with a reason. */
import { SignalboxError, withFacts, type ErrorCode } from '../../errors.js'
import type { CloseReason, Link, LinkInfo } from '../../transport.js'
import { deferred } from '../deferred.js'
import { onAbort } from '../on-abort.js'
import { abortError } from '../deadline.js'
import { createFrameLink, type FrameReceiver, type FrameSocket } from './frame-link.js'
import {
  DEFAULT_WINDOW_BYTES,
  encodeControl,
  linkError,
  MAX_CONTROL_CHARACTERS,
  MAX_WINDOW_BYTES,
  MIN_FRAME_COST,
  parseControl,
  peerOf,
  reasonOfClose,
  reasonOfSocket,
} from './frames.js'

/** A link that is being opened. */
export interface Handshake<Opened extends Link = Link> {
  readonly link: Promise<Opened>
  /** Receives the events of the socket, from the first frame to the end. */
  readonly receiver: FrameReceiver
}

/** The content of the client's `open`. */
export interface ConnectFramesOptions {
  readonly info: LinkInfo
  readonly socket: FrameSocket
  readonly windowBytes?: number | undefined
  readonly credential?: string | undefined
  readonly launch?: unknown
  readonly trace?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** The opening of a link by its client. */
export interface ClientHandshake extends Handshake {
  /** Call when the socket is open: sends `open`. */
  begin(): void
  fail(error: SignalboxError, socketCode?: number): void
}

const HINT = 'Is this the address of a Signalbox gateway, and does it allow this origin?'

/** Opens a link over a socket of frames. The link rejects with the reason of a refusal. */
export function connectFrames({ info, socket, signal, windowBytes, ...openRequest }: ConnectFramesOptions): ClientHandshake {
  const window = checkedWindow(windowBytes)
  const opened = deferred<Link>()
  let begun = false
  let after: FrameReceiver | undefined
  let over = false
  let ignore = (): void => {}

  // With a launch the opening may have had an effect on the other side; without one it has none.
  const facts = () => ({ op: 'open', sent: begun && openRequest.launch !== undefined ? 'maybe' : 'no' }) as const
  const fail = (error: SignalboxError, socketCode = 1000): void => {
    if (over || after) return
    over = true
    ignore()
    opened.reject(error)
    socket.close(socketCode, '')
    // No data was exchanged, so a closing handshake is not needed.
    socket.terminate?.()
  }
  const refuse = (code: ErrorCode, message: string, socketCode?: number): void =>
    fail(linkError(info, code, `${peerOf(info)} ${message}.`, { ...facts(), hint: HINT }), socketCode)
  /** The error for arguments that do not fit into the first frame. */
  const cannotSay = (code: ErrorCode, message: string, more?: { cause: unknown }): void =>
    fail(linkError(info, code, message, { ...facts(), ...more }))
  const refusedBy = (reason: CloseReason): void => {
    if (reason.kind === 'error' && SignalboxError.is(reason.error)) return fail(withFacts(reason.error, {}, facts()))
    const detail = reason.kind === 'peer' ? reason.detail : undefined
    refuse('unreachable', `closed before the link was open${detail ? ` (${detail})` : ''}`)
  }
  ignore = onAbort(signal, () => fail(abortError(signal as AbortSignal, { transport: info.transport, ...facts() })))

  return {
    link: opened.promise,
    begin() {
      if (over) return
      let text: string
      try {
        text = encodeControl({ type: 'open', window, ...openRequest })
      } catch (cause) {
        return cannotSay('invalid_argument', 'The launch is not JSON.', { cause })
      }
      if (text.length > MAX_CONTROL_CHARACTERS) {
        return cannotSay('too_large', `The launch is longer than ${MAX_CONTROL_CHARACTERS} characters.`)
      }
      begun = true
      socket.send(text)
    },
    fail,
    receiver: {
      frame(data) {
        if (after) return after.frame(data)
        if (over) return
        const parsed = typeof data === 'string' ? parseControl(data) : 'bytes before open'
        if (typeof parsed === 'object' && parsed.type === 'open') {
          ignore()
          const made = createFrameLink({ info, socket, window, credit: parsed.window })
          after = made.receiver
          opened.resolve(made.link)
        } else if (typeof parsed === 'object' && parsed.type === 'close') refusedBy(reasonOfClose(parsed, info))
        else
          refuse('protocol', `broke the link protocol: ${typeof parsed === 'string' ? parsed : `${parsed.type} before open`}`, 4400)
      },
      socketClosed(code, detail) {
        if (after) after.socketClosed(code, detail)
        else refusedBy(reasonOfSocket(code, detail, info))
      },
    },
  }
}

/** A window within its bounds; throws `invalid_argument` otherwise. */
export function checkedWindow(windowBytes = DEFAULT_WINDOW_BYTES): number {
  if (Number.isSafeInteger(windowBytes) && windowBytes >= MIN_FRAME_COST * 2 && windowBytes <= MAX_WINDOW_BYTES) return windowBytes
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `windowBytes must be a whole number from ${MIN_FRAME_COST * 2} to ${MAX_WINDOW_BYTES}.`,
  })
}
