/**
 * A terminal over the web port's WebSocket, as a link of plain bytes. On dialects A and B input is JSON in text frames, output is bytes, and
 * nothing confirms that the terminal is attached. On C every frame is binary and begins with one ASCII letter; the first frame is the
 * answer. On every dialect a refusal is one text frame before the end.
 */
import { sleep, type Clock } from '../../core/clock.js'
import { deferred } from '../../core/deferred.js'
import { createInbox } from '../../core/inbox.js'
import { onAbort } from '../../core/on-abort.js'
import { abortError } from '../../core/deadline.js'
import type { Sent } from '../../errors.js'
import type { CloseReason, Link } from '../../transport.js'
import { CcccError, DaemonUnavailableError, unsupported } from '../errors.js'
import { parseLine } from '../lines.js'
import type { CcccDialect, Loose } from '../shapes.js'

/** The part of a WebSocket that is used: that of a page, of Deno, Bun and Node 22, or of `ws`. */
export interface CcccWebSocket {
  /** The client sets it to `arraybuffer`. */
  binaryType: string
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number
  /** Bytes that wait to be sent; a writer waits while they are many. */
  readonly bufferedAmount?: number
  /** Sends one message. */
  send(data: string | Uint8Array<ArrayBuffer>): void
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void
  /** Listens for one kind of event. */
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: unknown) => void): void
  /** Cuts the connection without a handshake. `ws` has it. */
  terminate?(): void
}

type CcccWebSocketConstructor = new (url: string) => CcccWebSocket

/** How terminals reach the web port. */
export interface CcccWebTerminals {
  /** The URL of the web port, without a token. A page sends its cookie by itself. */
  readonly url: string | URL
  /** The class to use; default: the runtime's own. On Node 20, and where a token must go into a header: `nodeWebSocket({ headers })`. */
  readonly webSocket?: CcccWebSocketConstructor | PromiseLike<CcccWebSocketConstructor>
}

export interface WebTerminal {
  readonly answer: Loose
  readonly link: Link
  resize(cols: number, rows: number): void
}

const OP = 'term_attach'
/** An old web port does not confirm an attachment: without a refusal for so long it counts as attached. */
const SETTLED_MS = 500
/** A WebSocket cannot be paused: a reader that falls behind by so many bytes loses the terminal. */
const MOST_BYTES = 64 * 1024 * 1024
/** A writer waits while more bytes than this are unsent. */
const CONGESTED_BYTES = 1024 * 1024
const OUTPUT = '1'.charCodeAt(0)
const HANDSHAKE = '3'.charCodeAt(0)
const CLOSED = 3

const encoder = /* @__PURE__ */ new TextEncoder()

export interface OpenTerminal {
  readonly terminals: CcccWebTerminals
  readonly args: Loose
  readonly dialect: CcccDialect
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Names the link. */
  readonly id: string
}

/** Long because its handlers share the state of one terminal: what is attached, what is queued and how it ended. */
export async function openTerminal({ terminals, args, dialect, clock, signal, id }: OpenTerminal): Promise<WebTerminal> {
  const { group_id: groupId, actor_id: actorId, since, mode, takeover } = args
  const Socket = (await terminals.webSocket) ?? (globalThis as { WebSocket?: new (url: string) => CcccWebSocket }).WebSocket
  if (!Socket)
    throw unsupported(OP, 'This runtime has no WebSocket.', 'Pass terminals.webSocket: nodeWebSocket() of signalbox/node.')
  const url = new URL(
    `/api/v1/groups/${encodeURIComponent(String(groupId))}/actors/${encodeURIComponent(String(actorId))}/term`,
    terminals.url,
  )
  url.protocol = url.protocol.replace('http', 'ws')
  for (const [name, value] of Object.entries({ since, mode, takeover })) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  if (signal.aborted) throw abortError(signal, { op: OP, sent: 'no' })

  const socket = new Socket(url.href)
  socket.binaryType = 'arraybuffer'
  const modern = dialect === 'C'
  const attached = deferred<Loose>()
  const closed = deferred<CloseReason>()
  const inbox = createInbox(() => {})
  const keys = new TextDecoder()
  let sent: Sent = 'no'
  let failed = ''
  let over: CloseReason | undefined
  let refusal: Loose | undefined
  let tail: Promise<void> = Promise.resolve()

  const ended = (facts?: { sent: Sent }): CcccError =>
    new CcccError({ code: 'closed', op: OP, message: 'The terminal has ended.', ...facts })
  const stood = (result: Loose): void => {
    sent = 'yes'
    attached.resolve({ v: 1, ok: true, result })
  }
  const finish = (reason: CloseReason, error?: unknown): void => {
    if (over) return
    over = reason
    stopListening()
    settled?.cancel()
    if (error === undefined) inbox.end()
    else inbox.fail(error)
    attached.reject(signal.aborted ? abortError(signal, { op: OP, sent }) : (error ?? ended({ sent })))
    if (reason.kind !== 'local') closed.resolve(reason)
  }
  const cut = (code: 'closed' | 'slow_consumer', message: string): void => {
    const error = new CcccError({ code, op: OP, sent, message, hint: 'Attach again; the screen comes first.' })
    finish({ kind: 'error', error }, error)
    socket.close()
  }
  const stopListening = onAbort(signal, () => void close())
  let settled: { cancel(): void } | undefined

  const output = (bytes: Uint8Array): void => {
    if (over) return
    inbox.push(bytes)
    if (inbox.bytes > MOST_BYTES) cut('slow_consumer', `The terminal's reader fell behind by more than ${MOST_BYTES} bytes.`)
  }
  socket.addEventListener('open', () => {
    // From now on the terminal may have been taken over.
    sent = 'maybe'
    if (!modern && !over) settled = clock.after(SETTLED_MS, () => stood({ group_id: groupId, actor_id: actorId }))
  })
  socket.addEventListener('error', (event) => {
    const { message } = event as { message?: unknown }
    failed = typeof message === 'string' ? message : ''
  })
  socket.addEventListener('message', (event) => {
    const { data } = event as { data: unknown }
    if (typeof data === 'string') {
      refusal = parseLine(encoder.encode(data))
      if (refusal) attached.resolve(refusal)
    } else {
      const bytes = new Uint8Array(data as ArrayBuffer)
      if (modern && bytes[0] === HANDSHAKE) stood(parseLine(bytes.subarray(1)) ?? {})
      else if (modern && bytes[0] === OUTPUT) output(bytes.subarray(1))
      else if (!modern) {
        stood({ group_id: groupId, actor_id: actorId })
        output(bytes)
      }
    }
  })
  socket.addEventListener('close', (event) => {
    const { code, reason } = event as { code?: number; reason?: string }
    const place = url.origin + url.pathname
    if (sent === 'no') {
      const message = `Cannot open a terminal at ${place}${failed ? `: ${failed}` : ` (code ${code})`}.`
      const error = new DaemonUnavailableError({
        code: 'unreachable',
        op: OP,
        message,
        hint: 'Does the web port run there, and is this page of the same origin and signed in?',
      })
      finish({ kind: 'error', error }, error)
    } else if (code === 1000 || code === 1001 || code === 1005)
      finish({ kind: 'peer', code, ...(reason ? { detail: reason } : {}) })
    else cut('closed', `The web port ended the terminal (code ${code}${refusal ? `: ${JSON.stringify(refusal.error)}` : ''}).`)
    closed.resolve(over ?? { kind: 'local' })
  })

  const send = (frame: string | Uint8Array<ArrayBuffer>): void => {
    if (over || socket.readyState > 1) throw ended()
    socket.send(frame)
  }
  const close: Link['close'] = ({ graceMs = 1_000 } = {}) => {
    inbox.discard()
    finish({ kind: 'local' })
    if (socket.readyState === CLOSED) closed.resolve({ kind: 'local' })
    else {
      socket.close()
      // A dead peer never answers the closing handshake of a WebSocket.
      const late = clock.after(graceMs, () => {
        socket.terminate?.()
        closed.resolve(socket.terminate ? { kind: 'local' } : { kind: 'local', abandoned: true })
      })
      void closed.promise.then(() => late.cancel())
    }
    return closed.promise
  }
  let halfClosed = false
  const link: Link = {
    info: { id, transport: 'cccc-web', peer: url.origin + url.pathname },
    closed: closed.promise,
    read: () => inbox.read(),
    write(chunk) {
      const mayWrite = !halfClosed
      const written = tail.then(async () => {
        if (!mayWrite) throw ended()
        if (modern) {
          const frame = new Uint8Array(chunk.byteLength + 1)
          frame.set(chunk, 1)
          frame[0] = 0x30
          send(frame)
        } else {
          // Input is text there, so an incomplete character waits for its next bytes.
          const text = keys.decode(chunk, { stream: true })
          if (text !== '') send(JSON.stringify({ t: 'i', d: text }))
        }
        while (!over && (socket.bufferedAmount ?? 0) > CONGESTED_BYTES) await sleep(clock, 10)
      })
      tail = written.catch(() => {})
      return written
    },
    // A WebSocket has no half-close: this side only stops writing.
    end() {
      halfClosed = true
      return tail
    },
    close,
    [Symbol.asyncDispose]: () => close().then(() => {}),
  }
  try {
    const answer = await attached.promise
    // From now on the link belongs to the caller, and the call's signal no longer ends it.
    stopListening()
    settled?.cancel()
    return {
      answer,
      link,
      resize: (cols, rows) =>
        send(modern ? encoder.encode(`2${JSON.stringify({ cols, rows })}`) : JSON.stringify({ t: 'r', c: cols, r: rows })),
    }
  } catch (error) {
    void close()
    throw error
  }
}
