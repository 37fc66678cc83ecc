/**
 * The frames of `signalbox.v1`: a link over a channel of messages, such as a WebSocket or a MessagePort. A binary
 * frame is a chunk of bytes, a text frame is one control message. Pure; `docs/link-protocol.md` is the specification.
 */
import { ERROR_CODES, SignalboxError, type ErrorCode } from '../../errors.js'
import { redactText } from '../../redact-text.js'
import type { CloseReason, LinkInfo } from '../../transport.js'
import { codeOfStatus } from '../http-status.js'

/** The name of the protocol for WebSockets. */
export const SUBPROTOCOL = 'signalbox.v1'

/** Bytes in one binary frame, at most. Larger writes are split. */
export const MAX_FRAME_BYTES = 64 * 1024
/** The minimum cost of a binary frame. It limits the number of small frames in a window. */
export const MIN_FRAME_COST = 64
/** Characters in one text frame, at most: `open` carries a launch object. */
export const MAX_CONTROL_CHARACTERS = 256 * 1024
/** Characters of each text in `close`, at most. Even if each is escaped with six characters, all texts fit into a frame. */
const MAX_REASON_CHARACTERS = 8 * 1024
/** The default window. */
export const DEFAULT_WINDOW_BYTES = 256 * 1024
/** The largest window and the largest total credit. */
export const MAX_WINDOW_BYTES = 64 * 1024 * 1024

/** The first frame of either side. Only the client's carries a credential, a launch and a trace. */
export interface OpenFrame {
  readonly type: 'open'
  /** The bytes that the other side may send before it gets credit. */
  readonly window: number
  readonly credential?: string | undefined
  /** The argument of `open`, such as the typed options of a subprocess. The server must check it. */
  readonly launch?: unknown
  readonly trace?: Readonly<Record<string, string>> | undefined
}

/** The last frame of a side that closes, with the reason. Without a code it is an ordinary close. */
export interface CloseFrame {
  readonly type: 'close'
  /** An error code of this package. */
  readonly code?: string | undefined
  readonly message?: string | undefined
  /** The name that the closing side, or the system behind it, has for the failure. */
  readonly remoteCode?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** How the child behind the link ended. */
  readonly exit?: { readonly exitCode: number | null; readonly signal: string | null; readonly stderrTail: string }
}

/** A text frame. */
export type ControlFrame = OpenFrame | { readonly type: 'credit'; readonly bytes: number } | { readonly type: 'eof' } | CloseFrame

/** A parsed frame. Only the fields that every reader needs are checked. */
export type ReadFrame = Fields &
  (
    | { readonly type: 'open'; readonly window: number }
    | { readonly type: 'credit'; readonly bytes: number }
    | { readonly type: 'eof' | 'close' }
  )

type Fields = Readonly<Record<string, unknown>>

/** The cost of a binary frame in credit. */
export const frameCost = (bytes: number): number => Math.max(bytes, MIN_FRAME_COST)

/** A control frame as text. */
export const encodeControl = (frame: ControlFrame): string => JSON.stringify(frame)

/** The start of a text, short enough for a frame. */
export const brief = (text: string | undefined): string | undefined => text?.slice(0, MAX_REASON_CHARACTERS)
/** The end of a text, short enough for a frame. */
export const briefEnd = (text: string): string => text.slice(-MAX_REASON_CHARACTERS)

/**
 * Parses a text frame, or returns what is wrong with it. That text becomes the close reason, so it never quotes the frame. Unknown fields
 * are ignored, so that a later minor version may add fields.
 */
export function parseControl(text: string): ReadFrame | string {
  let frame: Fields
  try {
    frame = Object(text.length > MAX_CONTROL_CHARACTERS || JSON.parse(text))
  } catch {
    return 'a text frame is not JSON'
  }
  const { type } = frame
  if (type === 'open' && !isCount(frame.window, MIN_FRAME_COST * 2)) return 'open without a usable window'
  if (type === 'credit' && !isCount(frame.bytes)) return 'credit without a count of bytes'
  return type === 'open' || type === 'credit' || type === 'eof' || type === 'close'
    ? (frame as ReadFrame)
    : 'a text frame that is too long, or of no type that signalbox.v1 has'
}

/** Makes the error of a link. */
export const linkError = (
  { transport }: LinkInfo,
  code: ErrorCode,
  message: string,
  more?: Partial<ConstructorParameters<typeof SignalboxError>[0]>,
): SignalboxError => new SignalboxError({ transport, ...more, code, message })

/** The name of the other side for messages. */
export const peerOf = ({ peer = 'The other side' }: LinkInfo): string => peer

/** The error that the other side's `close` means here. */
export function reasonOfClose({ code, message, remoteCode, retryAfterMs, exit }: Fields, info: LinkInfo): CloseReason {
  const detail = textOf(message)
  if (typeof exit === 'object' && exit) {
    const { exitCode, signal, stderrTail } = exit as Fields
    return {
      kind: 'exit',
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      signal: textOf(signal) ?? null,
      stderrTail: textOf(stderrTail) ?? '',
    }
  }
  const codeText = textOf(code)
  if (codeText === undefined) return { kind: 'peer', ...(detail === undefined ? {} : { detail: redactText(detail) }) }
  const known = (ERROR_CODES as readonly string[]).includes(codeText)
  const error = linkError(
    info,
    known ? (codeText as ErrorCode) : 'remote',
    detail ?? `The other side closed the link: ${codeText}.`,
    {
      sent: 'maybe',
      remoteCode: textOf(remoteCode) ?? (known ? undefined : codeText),
      retryAfterMs: isCount(retryAfterMs) ? retryAfterMs : undefined,
    },
  )
  return { kind: 'error', error }
}

/**
 * The error of a socket that closed without a `close` frame: the other side died, or a proxy closed the connection. The close code of a
 * failure is 4000 plus an HTTP status.
 */
export function reasonOfSocket(socketCode: number, detail: string, info: LinkInfo): CloseReason {
  if (socketCode < 4400 || socketCode > 4599) {
    return { kind: 'peer', code: socketCode, detail: redactText(detail || 'the connection was lost') }
  }
  const code = socketCode === 4430 ? 'slow_consumer' : socketCode === 4400 ? 'protocol' : codeOfStatus(socketCode - 4000)
  return reasonOfClose({ code, message: detail || undefined }, info)
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function isCount(value: unknown, least = 1): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least
}
