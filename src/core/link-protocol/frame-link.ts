/** A link over frames, after both sides sent `open`: credit in both directions, half-close, and a reason for its end. */
import { SignalboxError, type Sent } from '../../errors.js'
import type { CloseOptions, CloseReason, Link, LinkInfo } from '../../transport.js'
import { systemClock, type Timer } from '../clock.js'
import { deferred } from '../deferred.js'
import { createInbox } from '../inbox.js'
import { MAX_UNSENT_BYTES, tooMuchUnsent, unsentCost } from '../unsent.js'
import {
  brief,
  encodeControl,
  frameCost,
  linkError,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  parseControl,
  peerOf,
  reasonOfClose,
  reasonOfSocket,
  type CloseFrame,
  type ControlFrame,
  type ReadFrame,
} from './frames.js'
import { createSender } from './sender.js'

/** The methods that the protocol needs of a WebSocket, a MessagePort or another socket. None of them may throw. */
export interface FrameSocket {
  /** Sends a frame. The frame is not used after the call returns. */
  send(frame: string | Uint8Array): void
  /**
   * For a runtime that reports its unsent bytes: undefined while there are few, else a promise that resolves when there is space again and
   * never rejects. The other side chooses its credit, so credit alone does not limit the memory of this side.
   */
  congested?(): Promise<void> | undefined
  /** Starts to close the socket. The owner reports the end with `socketClosed`, whichever side started it. */
  close(code: number, reason: string): void
  /** Closes without a handshake, where the runtime can. */
  terminate?(): void
}

/** The events that the owner of the socket reports. */
export interface FrameReceiver {
  frame(data: string | Uint8Array): void
  socketClosed(code: number, detail: string): void
}

/** A link, and the receiver of its socket's events. */
export interface MadeFrameLink {
  readonly link: Link
  readonly receiver: FrameReceiver
  /** Closes the link and tells the other side the reason. */
  closeWith(frame: CloseFrame, socketCode: number, options?: CloseOptions): Promise<CloseReason>
}

/** The socket and the windows of both sides. */
export interface FrameLinkOptions {
  readonly info: LinkInfo
  readonly socket: FrameSocket
  /** The window that this side gave to the other side. */
  readonly window: number
  /** The window that the other side's `open` gave to this side. */
  readonly credit: number
}

const GRACE_MS = 2_000
/** How late a runtime may report that a socket was terminated. */
const CUT_MS = 500
/** `credit` frames that a side may send beyond one for each frame that it received, to widen its window. */
const SPARE_CREDITS = 64

/**
 * A link over a socket on which both sides have sent `open`.
 * Long because both directions and the end share the state of one link.
 */
export function createFrameLink({ info, socket, window, credit }: FrameLinkOptions): MadeFrameLink {
  const closed = deferred<CloseReason>()
  let whenClosed: Promise<CloseReason> | undefined
  let ending: CloseReason | undefined
  let finished = false
  let endOfWriting: Promise<void> | undefined
  let eofSent = false
  let eofReceived = false
  let timer: Timer | undefined
  // The bytes that the other side may still send, and the bytes that were read since the last `credit`.
  let granted = window
  let consumed = 0
  // A reader needs at most one `credit` for each frame that it received. Each tiny one costs this side a parse.
  let creditsLeft = SPARE_CREDITS

  const inbox = createInbox(() => {}, Number.POSITIVE_INFINITY)
  const sender = createSender(Math.min(credit, MAX_WINDOW_BYTES), (frame) => {
    creditsLeft += 1
    socket.send(frame)
    return socket.congested?.()
  })
  const sendControl = (frame: ControlFrame): void => socket.send(encodeControl(frame))

  const refusal = (sent: Sent): SignalboxError => {
    const why = whenClosed ? 'this link was closed' : ending ? 'the other side is gone' : 'this side has ended its writing'
    const facts = ending?.kind === 'exit' ? ending : ending?.kind === 'error' ? { cause: ending.error } : {}
    const code = ending?.kind === 'exit' ? 'exited' : 'closed'
    return linkError(info, code, `Cannot write to ${info.peer ?? info.id}: ${why}.`, { ...facts, sent })
  }

  const finish = (abandoned = false): void => {
    if (finished) return
    finished = true
    timer?.cancel()
    const reason = ending ?? { kind: 'local' }
    closed.resolve(abandoned ? { ...reason, abandoned: true } : reason)
  }

  /** Waits for the socket to end, then terminates it, then waits a little longer, because runtimes report a termination late. */
  const bound = (graceMs: number): void => {
    timer?.cancel()
    timer = systemClock.after(graceMs, () => {
      timer = systemClock.after(graceMs + CUT_MS, () => finish(true))
      socket.terminate?.()
    })
  }

  /** Releases the socket. Later frames are ignored. */
  const release = (reason: CloseReason, socketCode: number, detail: string): void => {
    if (ending) return
    ending = reason
    sender.fail(refusal)
    bound(GRACE_MS)
    socket.close(socketCode, detail)
  }

  const fault = (message: string): void => {
    const error = linkError(info, 'protocol', `${peerOf(info)} broke the link protocol: ${message}.`, { sent: 'maybe' })
    sendControl({ type: 'close', code: 'protocol', message })
    inbox.fail(error)
    release({ kind: 'error', error }, 4400, message)
  }

  /** The fault of a binary frame, or undefined. */
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

  const control = (frame: ReadFrame): void => {
    if (frame.type === 'close') {
      const reason = reasonOfClose(frame, info)
      if (reason.kind === 'error') inbox.fail(reason.error)
      else inbox.end()
      release(reason, 1000, '')
    } else if (frame.type === 'credit') {
      creditsLeft -= 1
      if (creditsLeft < 0) fault('more credit frames than frames that it received')
      else if (!sender.grant(frame.bytes, MAX_WINDOW_BYTES)) fault('credit beyond the largest window')
    } else if (frame.type === 'open' || eofReceived) fault(`a second ${frame.type}`)
    else {
      eofReceived = true
      inbox.end()
      bothEnded()
    }
  }

  const consume = (chunk: Uint8Array | null): Uint8Array | null => {
    if (chunk === null || ending || eofReceived) return chunk
    consumed += frameCost(chunk.byteLength)
    // At half the window: the other side does not run out of credit, and not every chunk causes a `credit` frame.
    if (consumed >= window / 2) {
      granted += consumed
      sendControl({ type: 'credit', bytes: consumed })
      consumed = 0
    }
    return chunk
  }

  const closeWith: MadeFrameLink['closeWith'] = (frame, socketCode, { graceMs, reason } = {}) => {
    if (whenClosed) return whenClosed
    whenClosed = closed.promise
    inbox.discard()
    if (!ending) {
      sender.flush()
      const message = brief(reason ?? frame.message)
      sendControl({ ...frame, message })
      release({ kind: 'local' }, socketCode, message ?? '')
    }
    // Also if the link is ending already: the caller of `close` sets the time.
    if (!finished) bound(Math.max(0, graceMs ?? GRACE_MS))
    return whenClosed
  }

  const close = (options?: CloseOptions): Promise<CloseReason> => closeWith({ type: 'close' }, 1000, options)

  const link: Link = {
    info,
    read: () => inbox.read().then(consume),
    write(chunk) {
      const tooMuch = sender.unsent > 0 && sender.unsent + unsentCost(chunk.byteLength) > MAX_UNSENT_BYTES
      const refused = ending || endOfWriting ? refusal('no') : tooMuch ? tooMuchUnsent(info) : undefined
      const promise = refused ? Promise.reject(refused) : sender.write(chunk)
      // A caller may ignore the promise.
      promise.catch(() => {})
      return promise
    },
    end() {
      if (ending) return Promise.resolve()
      endOfWriting ??= new Promise((resolve) => {
        sender.whenEmpty(() => {
          if (!ending) {
            eofSent = true
            sendControl({ type: 'eof' })
            bothEnded()
          }
          resolve()
        })
        void closed.promise.then(() => resolve())
      })
      return endOfWriting
    },
    close,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => close().then(() => {}),
  }

  let spareFrames = SPARE_CREDITS
  /** Frames that the other side sent before it knew of the end fit into its credit. When more come, the socket is cut: each one costs a parse. */
  const afterEnd = (data: string | Uint8Array): void => {
    if (typeof data === 'string') spareFrames -= 1
    else granted -= frameCost(data.byteLength)
    if (spareFrames < 0 || granted < 0) socket.terminate?.()
  }

  const receiver: FrameReceiver = {
    frame(data) {
      if (ending) return afterEnd(data)
      if (typeof data !== 'string') bytes(data)
      else {
        const parsed = parseControl(data)
        if (typeof parsed === 'string') fault(parsed)
        else control(parsed)
      }
    },
    socketClosed(code, detail) {
      if (!ending) {
        ending = reasonOfSocket(code, detail, info)
        sender.fail(refusal)
        inbox.fail(lost(ending, info))
      }
      finish()
    },
  }
  return { link, receiver, closeWith }
}

/** Without `eof` or `close`, bytes may be missing. */
function lost(reason: CloseReason, info: LinkInfo): SignalboxError {
  if (reason.kind === 'error' && SignalboxError.is(reason.error)) return reason.error
  const code = reason.kind === 'peer' && reason.code ? ` (code ${reason.code})` : ''
  return linkError(info, 'closed', `The link to ${info.peer ?? info.id} was lost without a farewell${code}.`, { sent: 'maybe' })
}
