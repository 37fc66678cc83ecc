/**
 * The frames of `signalbox.v1`: a link carried by anything that carries messages, such as a WebSocket or a MessagePort. A binary
 * frame is a chunk of bytes, a text frame is one control message. Pure; `docs/link-protocol.md` is the specification.
 */
import { ERROR_CODES, SignalboxError, type ErrorCode } from '../../errors.js'
import { redactText } from '../../redact.js'
import type { CloseReason } from '../../transport.js'
import { KEEP_BYTES } from '../inbox.js'

export const SUBPROTOCOL = 'signalbox.v1'

/** Bytes in one binary frame, at most. Larger writes are split. */
export const MAX_FRAME_BYTES = 64 * 1024
/** What a binary frame costs of the window, at least: it bounds how many frames a window of tiny ones can hold. */
export const MIN_FRAME_COST = 64
/** Characters in one text frame, at most: `open` carries a launch object. */
export const MAX_CONTROL_CHARACTERS = 256 * 1024
export const DEFAULT_WINDOW_BYTES = KEEP_BYTES
/** Neither side may be given more than this to send. */
export const MAX_WINDOW_BYTES = 64 * 1024 * 1024
/** A server waits this long for the client's `open`. */
export const OPEN_TIMEOUT_MS = 2_000

/** The first frame of either side. Only the client's carries a credential, a launch and a trace. */
export interface OpenFrame {
  readonly type: 'open'
  /** What the other side may send before it is given credit. */
  readonly window: number
  readonly credential?: string
  /** What the protocol says at open, such as the typed options of a subprocess. Whoever accepts must check it. */
  readonly launch?: unknown
  readonly trace?: Readonly<Record<string, string>>
}

/** The last frame of a side that closes: why. Without a code it is an ordinary close. */
export interface CloseFrame {
  readonly type: 'close'
  /** One of our error codes. */
  readonly code?: string
  readonly message?: string
  /** What the side that closes, or the system behind it, itself calls the failure. */
  readonly remoteCode?: string
  readonly retryAfterMs?: number
  /** The end of the child behind the link. */
  readonly exit?: { readonly exitCode: number | null; readonly signal: string | null; readonly stderrTail: string }
}

export type ControlFrame = OpenFrame | { readonly type: 'credit'; readonly bytes: number } | { readonly type: 'eof' } | CloseFrame

/** A frame that the protocol does not allow. Its text goes into the close reason, so it never quotes the frame. */
export class FrameFault {
  constructor(readonly message: string) {}
}

export const frameCost = (bytes: number): number => Math.max(bytes, MIN_FRAME_COST)

export function encodeControl(frame: ControlFrame): string {
  return JSON.stringify(frame)
}

/** Reads a text frame. Fields that this version does not know are ignored, so that a later minor one may add some. */
export function parseControl(text: string): ControlFrame | FrameFault {
  if (text.length > MAX_CONTROL_CHARACTERS)
    return new FrameFault(`a text frame is longer than ${MAX_CONTROL_CHARACTERS} characters`)
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return new FrameFault('a text frame is not JSON')
  }
  if (!isRecord(frame)) return new FrameFault('a text frame is not an object')
  switch (frame.type) {
    case 'open':
      return parseOpen(frame)
    case 'credit':
      return isCount(frame.bytes) ? { type: 'credit', bytes: frame.bytes } : new FrameFault('credit without a count of bytes')
    case 'eof':
      return { type: 'eof' }
    case 'close':
      return parseClose(frame)
    default:
      return new FrameFault('a text frame of a type that signalbox.v1 does not have')
  }
}

function parseOpen({ window, credential, launch, trace }: Fields): OpenFrame | FrameFault {
  if (!isCount(window) || window < MIN_FRAME_COST * 2) return new FrameFault('open without a usable window')
  if (credential !== undefined && typeof credential !== 'string') return new FrameFault('open with a credential that is not text')
  const carried = isRecord(trace)
    ? Object.entries(trace).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    : []
  return {
    type: 'open',
    window,
    ...(credential === undefined ? {} : { credential }),
    ...(launch === undefined ? {} : { launch }),
    ...(carried.length === 0 ? {} : { trace: Object.fromEntries(carried) }),
  }
}

function parseClose({ code, message, remoteCode, retryAfterMs, exit }: Fields): CloseFrame {
  return {
    type: 'close',
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof remoteCode === 'string' ? { remoteCode } : {}),
    ...(isCount(retryAfterMs) ? { retryAfterMs } : {}),
    ...(isRecord(exit)
      ? {
          exit: {
            exitCode: typeof exit.exitCode === 'number' ? exit.exitCode : null,
            signal: typeof exit.signal === 'string' ? exit.signal : null,
            stderrTail: typeof exit.stderrTail === 'string' ? exit.stderrTail : '',
          },
        }
      : {}),
  }
}

/** How each failure closes a WebSocket: 4000 and the HTTP status that says the same. The frame before it says more. */
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
  remote: 4500,
  unsupported: 4501,
  unreachable: 4502,
  unavailable: 4503,
}
const ANY_FAILURE = 4500

export function socketCodeOf(code: ErrorCode): number {
  return SOCKET_CODES[code] ?? ANY_FAILURE
}

/** For a socket that closed without the frame that says why. */
function errorCodeOf(socketCode: number): ErrorCode | undefined {
  if (socketCode === 4400) return 'protocol'
  const found = Object.entries(SOCKET_CODES).find(([, code]) => code === socketCode)
  return found?.[0] as ErrorCode | undefined
}

/** What a side that closes says, as the frame and as the code of the socket. */
export function closeFrameFor(reason: CloseReason): { frame: CloseFrame; socketCode: number } {
  switch (reason.kind) {
    case 'exit': {
      const { exitCode, signal, stderrTail } = reason
      return { frame: { type: 'close', exit: { exitCode, signal, stderrTail: redactText(stderrTail) } }, socketCode: 1000 }
    }
    case 'error': {
      // A failure that is not ours may hold anything, so only its kind is told.
      if (!SignalboxError.is(reason.error)) {
        return { frame: { type: 'close', code: 'remote', message: 'The other side failed.' }, socketCode: ANY_FAILURE }
      }
      const { code, message, remoteCode, retryAfterMs } = reason.error
      return {
        frame: {
          type: 'close',
          code,
          message,
          ...(remoteCode === undefined ? {} : { remoteCode }),
          ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
        },
        socketCode: socketCodeOf(code),
      }
    }
    case 'peer':
      return {
        frame: { type: 'close', ...(reason.detail === undefined ? {} : { message: redactText(reason.detail) }) },
        socketCode: 1000,
      }
    default:
      return { frame: { type: 'close' }, socketCode: 1000 }
  }
}

/** What the other side's closing means here. */
export function reasonOfClose(frame: CloseFrame, transport: string): CloseReason {
  if (frame.exit) return { kind: 'exit', ...frame.exit }
  if (frame.code === undefined) {
    return { kind: 'peer', ...(frame.message === undefined ? {} : { detail: redactText(frame.message) }) }
  }
  const known = (ERROR_CODES as readonly string[]).includes(frame.code)
  const error = new SignalboxError({
    code: known ? (frame.code as ErrorCode) : 'remote',
    message: frame.message ?? `The other side closed the link: ${frame.code}.`,
    transport,
    sent: 'maybe',
    remoteCode: frame.remoteCode ?? (known ? undefined : frame.code),
    ...(frame.retryAfterMs === undefined ? {} : { retryAfterMs: frame.retryAfterMs }),
  })
  return { kind: 'error', error }
}

/** A socket that closed without a frame that says why: the other side died, or a proxy in between gave up. */
export function reasonOfSocket(socketCode: number, detail: string, transport: string): CloseReason {
  const code = errorCodeOf(socketCode)
  if (code === undefined) return { kind: 'peer', code: socketCode, detail: redactText(detail || 'the connection was lost') }
  const message = detail || `The other side closed the link with code ${socketCode}.`
  return { kind: 'error', error: new SignalboxError({ code, message, transport, sent: 'maybe' }) }
}

type Fields = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}
