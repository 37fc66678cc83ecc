/** A link over frames, once both sides have said `open`: credit both ways, half-close, and an end that both sides can name. */
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

/** A link, and where its socket reports. */
export interface MadeFrameLink {
  readonly link: Link
  readonly receiver: FrameReceiver
  /** Closes, and tells the other side why. */
  closeWith(frame: CloseFrame, socketCode: number, options?: CloseOptions): Promise<CloseReason>
}

/** The socket and the windows of both sides. */
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

/**
 * A link over a socket on which both sides have said `open`.
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
    const error = linkError(info, 'protocol', `${peerOf(info)} broke the link protocol: ${message}.`, { sent: 'maybe' })
    tell({ type: 'close', code: 'protocol', message })
    inbox.fail(error)
    release({ kind: 'error', error }, 4400, message)
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

  const control = (frame: ReadFrame): void => {
    if (frame.type === 'close') {
      const reason = reasonOfClose(frame, info)
      if (reason.kind === 'error') inbox.fail(reason.error)
      else inbox.end()
      release(reason, 1000, '')
    } else if (frame.type === 'credit') {
      if (!sender.grant(frame.bytes, MAX_WINDOW_BYTES)) fault('credit beyond the largest window')
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
    // Half the window, so that the other side is neither starved nor told about every chunk.
    if (consumed >= window / 2) {
      granted += consumed
      tell({ type: 'credit', bytes: consumed })
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
      tell({ ...frame, message })
      release({ kind: 'local' }, socketCode, message ?? '')
    }
    // Also where the end was under way: whoever closes says how long it may take.
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
    close,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => close().then(() => {}),
  }

  const receiver: FrameReceiver = {
    frame(data) {
      if (ending) return
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

/** Without `eof` or `close` nobody knows whether the bytes were all of them. */
function lost(reason: CloseReason, info: LinkInfo): SignalboxError {
  if (reason.kind === 'error' && SignalboxError.is(reason.error)) return reason.error
  const code = reason.kind === 'peer' && reason.code ? ` (code ${reason.code})` : ''
  return linkError(info, 'closed', `The link to ${info.peer ?? info.id} was lost without a farewell${code}.`, { sent: 'maybe' })
}
