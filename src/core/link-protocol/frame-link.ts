/** A link over frames, once both sides have said `open`: credit both ways, half-close, and an end that both sides can name. */
import { SignalboxError, type Sent } from '../../errors.js'
import type { CloseOptions, CloseReason, Link, LinkInfo } from '../../transport.js'
import { systemClock, type Timer } from '../clock.js'
import { deferred } from '../deferred.js'
import { createInbox } from '../inbox.js'
import {
  closeFrameFor,
  encodeControl,
  FrameFault,
  frameCost,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  parseControl,
  reasonOfClose,
  reasonOfSocket,
  type ControlFrame,
} from './frames.js'
import { MAX_UNSENT_BYTES, tooMuchUnsent, unsentCost } from '../unsent.js'
import { createSender } from './sender.js'

/** What the protocol needs of a WebSocket, a MessagePort or a server's own socket type. None of these may throw. */
export interface FrameSocket {
  /** The frame is not touched after the call returns. */
  send(frame: string | Uint8Array): void
  /**
   * Where the runtime tells how much it holds unsent: undefined while that is little, else a promise of room, which never rejects. The
   * other side's credit is its own word, so it does not bound this side's memory; this does.
   */
  congested?(): Promise<void> | undefined
  /** Begins the end; the owner reports it with `socketClosed`, whoever began it. */
  close(code: number, reason: string): void
  /** Cuts without a handshake, where the runtime can. */
  terminate?(): void
}

/** What the owner of the socket reports. */
export interface FrameReceiver {
  frame(data: string | Uint8Array): void
  socketClosed(code: number, detail: string): void
}

export interface FrameLink extends Link {
  /** Closes, and tells the other side why: how the child behind a gateway ended, or that it must resume elsewhere. */
  closeAs(reason: CloseReason, options?: CloseOptions): Promise<CloseReason>
}

export interface FrameLinkOptions {
  readonly info: LinkInfo
  readonly socket: FrameSocket
  /** What the other side was given to send. */
  readonly window: number
  /** What the other side's `open` gave us. */
  readonly credit: number
}

const GRACE_MS = 2_000
/** How late a runtime may be to tell of a socket that was cut. */
const CUT_MS = 500

export function createFrameLink({ info, socket, window, credit }: FrameLinkOptions): { link: FrameLink; receiver: FrameReceiver } {
  const closed = deferred<CloseReason>()
  let whenClosed: Promise<CloseReason> | undefined
  let ending: CloseReason | undefined
  let finished = false
  let endOfWriting: Promise<void> | undefined
  let eofSent = false
  let eofReceived = false
  let timer: Timer | undefined
  // What the other side may still send, and what was read since it was last told so.
  let granted = window
  let consumed = 0

  const inbox = createInbox(() => {}, Number.POSITIVE_INFINITY)
  const sender = createSender(Math.min(credit, MAX_WINDOW_BYTES), (frame) => {
    socket.send(frame)
    return socket.congested?.()
  })
  const tell = (frame: ControlFrame): void => socket.send(encodeControl(frame))

  const refusal = (sent: Sent): SignalboxError => {
    const why = whenClosed ? 'this link was closed' : ending ? 'the other side is gone' : 'this side has ended its writing'
    const exit = ending?.kind === 'exit' ? ending : undefined
    return new SignalboxError({
      code: exit ? 'exited' : 'closed',
      message: `Cannot write to ${info.peer ?? info.id}: ${why}.`,
      transport: info.transport,
      sent,
      exitCode: exit?.exitCode,
      signal: exit?.signal,
      stderrTail: exit?.stderrTail,
      ...(ending?.kind === 'error' ? { cause: ending.error } : {}),
    })
  }

  const finish = (abandoned = false): void => {
    if (finished) return
    finished = true
    timer?.cancel()
    const reason = ending ?? { kind: 'local' }
    closed.resolve(abandoned ? { ...reason, abandoned: true } : reason)
  }

  /** The socket has this long to end by itself, and somewhat longer once it was cut: even that is told some turns later. */
  const bound = (graceMs: number): void => {
    timer?.cancel()
    timer = systemClock.after(graceMs, () => {
      timer = systemClock.after(graceMs + CUT_MS, () => finish(true))
      socket.terminate?.()
    })
  }

  /** Lets go of the socket. Frames that still come in are ignored. */
  const release = (reason: CloseReason, socketCode: number, detail: string): void => {
    if (ending) return
    ending = reason
    sender.fail(refusal)
    bound(GRACE_MS)
    socket.close(socketCode, detail)
  }

  const fault = (message: string): void => {
    const error = new SignalboxError({
      code: 'protocol',
      message: `${info.peer ?? 'The other side'} broke the link protocol: ${message}.`,
      transport: info.transport,
      sent: 'maybe',
    })
    const { frame, socketCode } = closeFrameFor({ kind: 'error', error })
    tell({ ...frame, message })
    inbox.fail(error)
    release({ kind: 'error', error }, socketCode, message)
  }

  /** What is wrong with a binary frame, if anything. */
  const wrong = (size: number): string | undefined => {
    if (eofReceived) return 'bytes after eof'
    if (size === 0) return 'an empty binary frame'
    if (size > MAX_FRAME_BYTES) return `a binary frame of more than ${MAX_FRAME_BYTES} bytes`
    return frameCost(size) > granted ? 'more bytes than credit was given for' : undefined
  }

  const bytes = (chunk: Uint8Array): void => {
    const problem = wrong(chunk.byteLength)
    if (problem !== undefined) fault(problem)
    else {
      granted -= frameCost(chunk.byteLength)
      inbox.push(chunk)
    }
  }

  const bothEnded = (): void => {
    if (eofSent && eofReceived) release({ kind: 'eof' }, 1000, '')
  }

  const eof = (): void => {
    eofReceived = true
    inbox.end()
    bothEnded()
  }

  const peerClosed = (reason: CloseReason): void => {
    if (reason.kind === 'error') inbox.fail(reason.error)
    else inbox.end()
    release(reason, 1000, '')
  }

  const control = (frame: ControlFrame): void => {
    if (frame.type === 'close') peerClosed(reasonOfClose(frame, info.transport))
    else if (frame.type === 'open') fault('a second open')
    else if (frame.type === 'eof' && eofReceived) fault('a second eof')
    else if (frame.type === 'eof') eof()
    else if (!sender.grant(frame.bytes, MAX_WINDOW_BYTES)) fault('credit beyond the largest window')
  }

  const consume = (chunk: Uint8Array | null): Uint8Array | null => {
    if (chunk === null || ending || eofReceived) return chunk
    consumed += frameCost(chunk.byteLength)
    // Half the window, so that the other side is neither starved nor told about every chunk.
    if (consumed >= window / 2) {
      granted += consumed
      tell({ type: 'credit', bytes: consumed })
      consumed = 0
    }
    return chunk
  }

  const closeAs = (why: CloseReason, { graceMs, reason }: CloseOptions = {}): Promise<CloseReason> => {
    if (whenClosed) return whenClosed
    whenClosed = closed.promise
    inbox.discard()
    if (!ending) {
      sender.flush()
      const { frame, socketCode } = closeFrameFor(why)
      const detail = reason ?? frame.message
      tell(detail === undefined ? frame : { ...frame, message: detail })
      release({ kind: 'local' }, socketCode, detail ?? '')
    }
    // Also where the end was under way: whoever closes says how long it may take.
    if (!finished) bound(Math.max(0, graceMs ?? GRACE_MS))
    return whenClosed
  }

  const link: FrameLink = {
    info,
    read: () => inbox.read().then(consume),
    write(chunk) {
      const tooMuch = sender.unsent > 0 && sender.unsent + unsentCost(chunk.byteLength) > MAX_UNSENT_BYTES
      const refused = ending || endOfWriting ? refusal('no') : tooMuch ? tooMuchUnsent(info) : undefined
      const promise = refused ? Promise.reject(refused) : sender.write(chunk)
      // A caller may ignore it.
      promise.catch(() => {})
      return promise
    },
    end() {
      if (ending) return Promise.resolve()
      endOfWriting ??= new Promise((resolve) => {
        sender.whenEmpty(() => {
          if (!ending) {
            eofSent = true
            tell({ type: 'eof' })
            bothEnded()
          }
          resolve()
        })
        void closed.promise.then(() => resolve())
      })
      return endOfWriting
    },
    close: (options) => closeAs({ kind: 'local' }, options),
    closeAs,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => closeAs({ kind: 'local' }).then(() => {}),
  }

  const receiver: FrameReceiver = {
    frame(data) {
      if (ending) return
      if (typeof data !== 'string') bytes(data)
      else {
        const parsed = parseControl(data)
        if (parsed instanceof FrameFault) fault(parsed.message)
        else control(parsed)
      }
    },
    socketClosed(code, detail) {
      if (!ending) {
        ending = reasonOfSocket(code, detail, info.transport)
        sender.fail(refusal)
        inbox.fail(lost(ending, info))
      }
      finish()
    },
  }
  return { link, receiver }
}

/** Without `eof` or `close` nobody knows whether the bytes were all of them. */
function lost(reason: CloseReason, info: LinkInfo): SignalboxError {
  if (reason.kind === 'error' && SignalboxError.is(reason.error)) return reason.error
  const code = reason.kind === 'peer' && reason.code !== undefined ? ` (code ${reason.code})` : ''
  return new SignalboxError({
    code: 'closed',
    message: `The link to ${info.peer ?? info.id} was lost without a farewell${code}.`,
    transport: info.transport,
    sent: 'maybe',
  })
}
