/** The two first frames. The client's `open` carries who it is and what it wants; the server answers with its own, or closes and says why. */
import { SignalboxError } from '../../errors.js'
import type { LinkInfo } from '../../transport.js'
import { systemClock, type Clock } from '../clock.js'
import { deferred } from '../deferred.js'
import { abortError } from '../scope.js'
import { createFrameLink, type FrameLink, type FrameReceiver, type FrameSocket } from './frame-link.js'
import {
  closeFrameFor,
  DEFAULT_WINDOW_BYTES,
  encodeControl,
  FrameFault,
  MAX_WINDOW_BYTES,
  MIN_FRAME_COST,
  OPEN_TIMEOUT_MS,
  parseControl,
  reasonOfClose,
  reasonOfSocket,
  type OpenFrame,
} from './frames.js'

export interface Handshake<Opened extends FrameLink = FrameLink> {
  readonly link: Promise<Opened>
  /** Where the owner of the socket reports, from the first frame to the end. */
  readonly receiver: FrameReceiver
}

export interface ConnectFramesOptions {
  readonly info: LinkInfo
  readonly socket: FrameSocket
  readonly windowBytes?: number | undefined
  readonly credential?: string | undefined
  readonly launch?: unknown
  readonly trace?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** The client's half, over a socket that is open. */
export function connectFrames(options: ConnectFramesOptions): Handshake {
  const { info, socket, credential, launch, trace, signal } = options
  const window = checkedWindow(options.windowBytes)
  const opened = deferred<FrameLink>()
  // A launch may have begun to act on the other side; without one, opening has no effect.
  const facts = { transport: info.transport, op: 'open', sent: launch === undefined ? 'no' : 'maybe' } as const
  let after: FrameReceiver | undefined
  let over = false

  const fail = (error: SignalboxError, socketCode = 1000): void => {
    if (over || after) return
    over = true
    signal?.removeEventListener('abort', onAbort)
    opened.reject(error)
    socket.close(socketCode, '')
    // Nothing was exchanged that a closing handshake could save.
    socket.terminate?.()
  }
  const onAbort = (): void => {
    if (signal) fail(abortError(signal, facts))
  }
  const broken = ({ message }: FrameFault): void =>
    fail(
      new SignalboxError({
        ...facts,
        code: 'protocol',
        message: `${info.peer ?? 'The other side'} broke the link protocol: ${message}.`,
        hint: 'Is this the address of a Signalbox gateway?',
      }),
      4400,
    )

  signal?.addEventListener('abort', onAbort, { once: true })
  socket.send(encodeControl({ type: 'open', window, ...defined({ credential, launch, trace }) }))
  if (signal?.aborted) onAbort()

  return {
    link: opened.promise,
    receiver: {
      frame(data) {
        if (after) return after.frame(data)
        if (over) return
        const parsed = typeof data === 'string' ? parseControl(data) : new FrameFault('bytes before open')
        if (parsed instanceof FrameFault) return broken(parsed)
        if (parsed.type === 'open') {
          signal?.removeEventListener('abort', onAbort)
          const { link, receiver } = createFrameLink({ info, socket, window, credit: parsed.window })
          after = receiver
          opened.resolve(link)
        } else if (parsed.type === 'close') fail(refusedBy(reasonOfClose(parsed, info.transport), info, launch !== undefined))
        else broken(new FrameFault(`${parsed.type} before open`))
      },
      socketClosed(code, detail) {
        if (after) return after.socketClosed(code, detail)
        fail(refusedBy(reasonOfSocket(code, detail, info.transport), info, launch !== undefined))
      },
    },
  }
}

/** What the client said at open, for whoever decides. */
export type OpenRequest = Omit<OpenFrame, 'type' | 'window'>

/** A link that was let in, with what its client said; the credential has done its work and is not kept. */
export interface AcceptedLink extends FrameLink, Omit<OpenRequest, 'credential'> {}

export interface AcceptFramesOptions {
  readonly info: LinkInfo
  readonly socket: FrameSocket
  readonly windowBytes?: number | undefined
  /** How long the client has to say `open`; default two seconds. */
  readonly openTimeoutMs?: number | undefined
  /**
   * Decides, from what the client said: throwing refuses, and a SignalboxError tells the client why. The signal falls when the client
   * leaves meanwhile. Without it everybody is let in.
   */
  readonly authorize?: ((open: OpenRequest, signal: AbortSignal) => void | Promise<void>) | undefined
  readonly clock?: Clock | undefined
}

/** The server's half. The link rejects with the reason why there is none. */
export function acceptFrames(options: AcceptFramesOptions): Handshake<AcceptedLink> {
  const { info, socket, authorize, clock = systemClock, openTimeoutMs = OPEN_TIMEOUT_MS } = options
  const window = checkedWindow(options.windowBytes)
  const opened = deferred<AcceptedLink>()
  const leaving = new AbortController()
  let phase: 'waiting' | 'deciding' | 'over' = 'waiting'
  let after: FrameReceiver | undefined

  const refuse = (error: unknown): void => {
    if (phase === 'over') return
    phase = 'over'
    timer.cancel()
    const { frame, socketCode } = closeFrameFor({ kind: 'error', error })
    socket.send(encodeControl(frame))
    socket.close(socketCode, frame.message ?? '')
    opened.reject(error)
    leaving.abort(error)
    cut = clock.after(OPEN_TIMEOUT_MS, () => socket.terminate?.())
  }
  const broken = (message: string): void =>
    refuse(
      new SignalboxError({
        code: 'protocol',
        message: `The client broke the link protocol: ${message}.`,
        transport: info.transport,
      }),
    )
  let cut: { cancel(): void } | undefined
  const timer = clock.after(openTimeoutMs, () => {
    refuse(
      new SignalboxError({
        code: 'deadline_exceeded',
        message: `The client did not say open within ${openTimeoutMs} ms.`,
        transport: info.transport,
      }),
    )
  })
  const decide = async ({ type: _, window: credit, ...request }: OpenFrame): Promise<void> => {
    try {
      await authorize?.(request, leaving.signal)
    } catch (error) {
      return refuse(error)
    }
    if (phase === 'over') return
    phase = 'over'
    const { link, receiver } = createFrameLink({ info, socket, window, credit })
    after = receiver
    socket.send(encodeControl({ type: 'open', window }))
    const { credential: _spent, ...said } = request
    opened.resolve(Object.assign(link, said))
  }

  return {
    link: opened.promise,
    receiver: {
      frame(data) {
        if (after) return after.frame(data)
        if (phase === 'over') return
        const parsed = typeof data === 'string' ? parseControl(data) : new FrameFault('bytes before open')
        if (parsed instanceof FrameFault) return broken(parsed.message)
        if (parsed.type === 'close') return refuse(gone(info))
        if (phase === 'deciding' || parsed.type !== 'open') return broken(`${parsed.type} before the link is open`)
        phase = 'deciding'
        timer.cancel()
        void decide(parsed)
      },
      socketClosed(code, detail) {
        cut?.cancel()
        if (after) return after.socketClosed(code, detail)
        if (phase === 'over') return
        phase = 'over'
        timer.cancel()
        const error = gone(info)
        leaving.abort(error)
        opened.reject(error)
      },
    },
  }
}

function gone(info: LinkInfo): SignalboxError {
  return new SignalboxError({ code: 'closed', message: 'The client left before the link was open.', transport: info.transport })
}

function refusedBy(reason: ReturnType<typeof reasonOfClose>, info: LinkInfo, launched: boolean): SignalboxError {
  const facts = { transport: info.transport, op: 'open', sent: launched ? 'maybe' : 'no' } as const
  if (reason.kind === 'error' && SignalboxError.is(reason.error)) {
    const { code, message, remoteCode, retryAfterMs } = reason.error
    return new SignalboxError({ ...facts, code, message, remoteCode, retryAfterMs })
  }
  const detail = reason.kind === 'peer' && reason.detail !== undefined ? ` (${reason.detail})` : ''
  return new SignalboxError({
    ...facts,
    code: 'unreachable',
    message: `${info.peer ?? 'The other side'} closed before the link was open${detail}.`,
  })
}

function checkedWindow(windowBytes = DEFAULT_WINDOW_BYTES): number {
  if (Number.isSafeInteger(windowBytes) && windowBytes >= MIN_FRAME_COST * 2 && windowBytes <= MAX_WINDOW_BYTES) return windowBytes
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `windowBytes must be a whole number from ${MIN_FRAME_COST * 2} to ${MAX_WINDOW_BYTES}; it is ${String(windowBytes)}.`,
  })
}

function defined<Fields extends Record<string, unknown>>(
  fields: Fields,
): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
