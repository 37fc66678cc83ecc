/**
 * The life of one core: many calls over one link, told apart by id. The reader never waits for a consumer, so a slow stream cannot
 * hold up another call. Whatever goes wrong with the bytes is final: nothing in this framing lets a reader find its place again.
 */
import { systemClock, type Clock } from '../core/clock.js'
import { frameDecoder, MAX_FRAME_BYTES } from '../core/codec/frames.js'
import { createPending } from '../core/pending.js'
import { DeadlinePassed, raceSignal } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import type { CloseReason, Link } from '../transport.js'
import { decodeEnvelope, encodeEnvelope, Kind, type Envelope, type PayloadInit } from './envelope.js'
import { ConnectionError } from './errors.js'

/** Takes the frames of one ask. Must neither wait nor throw. */
export interface StreamSink {
  frame(envelope: Envelope, bytes: number): void
  /** The core is gone: what was delivered stays. */
  fail(cause: SignalboxError): void
}

export interface CoreStream {
  answer(payload: PayloadInit): Promise<void>
  /** Forgets the stream: its later frames are dropped. The machine is not told, because the protocol has no word for it. */
  abandon(): void
}

export interface Session {
  unary(payload: PayloadInit, signal: AbortSignal): Promise<Envelope>
  stream(payload: PayloadInit, sink: StreamSink): Promise<CoreStream>
  /** Why no call can be made any more. */
  readonly failure: SignalboxError | undefined
  /** The core is gone: nothing more comes, and nothing is left of it. */
  readonly over: boolean
  /** Calls and asks that the core has not finished, given up or not: until it has, it does not leave by itself. */
  readonly owed: number
  /** Resolves when nobody waits for anything any more, or at the end. */
  idle(): Promise<void>
  /** Fails what is open and ends the link; resolves when the core is gone. */
  close(cause: SignalboxError, graceMs: number): Promise<void>
}

export interface SessionLimits {
  /** A frame from the core that announces more is taken for lost sync. Default 64 MiB. */
  readonly maxFrameBytes?: number
  readonly maxRequestBytes?: number
  readonly maxPending?: number
}

const TOP_ID = 0xffff_ffff
/** How long the rest of a frame may be due before a deadline takes the place in the stream for lost. */
const STALLED_MS = 1_000
/** Per closing step, for a core that should be leaving by itself or cannot be heard any more. Some obey nothing but KILL. */
export const LEAVING_MS = 150

/** Ids count up and wrap; 0 is no id, and one that the core has not ended is skipped. */
export function idAfter(last: number, taken: ReadonlySet<number>): number {
  let next = last
  do next = next === TOP_ID ? 1 : next + 1
  while (taken.has(next))
  return next
}

export function createSession(link: Link, limits: SessionLimits = {}, clock: Clock = systemClock): Session {
  const { maxFrameBytes = MAX_FRAME_BYTES, maxRequestBytes, maxPending = 10_000 } = limits
  const decoder = frameDecoder({ maxFrameBytes })
  const unaryCalls = createPending<number, Envelope>({ maxPending })
  const streams = new Map<number, StreamSink>()
  let waiters: (() => void)[] = []
  let failure: SignalboxError | undefined
  let deaf: SignalboxError | undefined
  let over = false
  let lastId = 0
  // What the pipe last did: a deadline asks whether the core is slow, or lost.
  let lastByteAt = clock.monotonic()
  /** Ids that somebody waits for, and ids for which the core still owes the last frame: a call that was given up goes on over there. */
  const open = new Set<number>()
  const owed = new Set<number>()

  const release = (id: number): void => {
    open.delete(id)
    if (open.size === 0) wake()
  }
  const wake = (): void => {
    const all = waiters
    waiters = []
    for (const waiter of all) waiter()
    // It was kept for what it still had to say, and nobody listens any more.
    if (deaf) void link.close({ graceMs: LEAVING_MS })
  }

  const fail = (cause: SignalboxError): void => {
    if (failure) return
    failure = cause
    unaryCalls.close(() => cause)
    const all = [...streams.values()]
    streams.clear()
    for (const sink of all) sink.fail(cause)
    open.clear()
    owed.clear()
    wake()
  }

  const nextId = (): number => {
    lastId = idAfter(lastId, owed)
    return lastId
  }

  const route = (envelope: Envelope, bytes: number): void => {
    const { id, kind } = envelope
    const last = kind === Kind.DONE || kind === Kind.ERROR || kind === Kind.RESPONSE
    if (last) owed.delete(id)
    const sink = streams.get(id)
    if (sink) {
      if (last) {
        streams.delete(id)
        release(id)
      }
      sink.frame(envelope, bytes)
      return
    }
    // EVENT and CALLBACK mean nothing to a unary call. Late answers, and ids that were never given, are dropped.
    if (last) unaryCalls.settle(id, envelope)
  }

  const read = async (): Promise<void> => {
    let cause: unknown
    try {
      for (;;) {
        const chunk = await link.read()
        lastByteAt = clock.monotonic()
        const bodies = chunk === null ? decoder.end() : decoder.push(chunk)
        for (const body of bodies) route(decodeEnvelope(body), body.byteLength)
        if (decoder.fault) throw decoder.fault
        if (chunk === null) break
      }
    } catch (error) {
      cause = error
    }
    // What is known is told at once; only how a core left is worth a short wait.
    if (cause !== undefined) fail(lost({ kind: 'error', error: cause }, cause))
    fail(lost(await link.close({ graceMs: LEAVING_MS }), cause))
    over = true
  }
  void read()

  const write = (frame: Uint8Array): Promise<void> =>
    link.write(frame).catch((error: unknown) => {
      // Nothing more can be asked here, but what the core said before it went is still read, and the reader tells why it went.
      deaf ??= lost({ kind: 'error', error }, undefined)
      if (open.size === 0) wake()
      throw failure ?? deaf
    })

  const check = (): void => {
    const gone = failure ?? deaf
    if (gone) throw unsent(gone)
    if (owed.size < maxPending) return
    const message = `${maxPending} calls and asks already wait for this core.`
    throw new SignalboxError({ code: 'rate_limited', message, hint: 'Limit concurrency, or raise limits.maxPending.', sent: 'no' })
  }

  /** After a deadline: is the core slow, or can nothing that it says be understood any more? */
  const suspect = (askedAt: number): void => {
    const silentMs = clock.monotonic() - lastByteAt
    const stuck = decoder.partial && silentMs >= STALLED_MS
    // A core that said nothing since, and owes nobody else an answer: a fresh one costs nothing and may be better.
    const mute = lastByteAt <= askedAt && open.size === 0
    if (!stuck && !mute) return
    const why = stuck ? 'stopped in the middle of a frame' : 'stayed silent'
    fail(new ConnectionError({ code: 'closed', message: `The core ${why}; the next call gets a fresh one.`, sent: 'maybe' }))
    void link.close({ graceMs: LEAVING_MS })
  }

  return {
    async unary(payload, signal) {
      check()
      const id = nextId()
      const frame = encodeEnvelope(id, Kind.REQUEST, payload, maxRequestBytes)
      const answer = unaryCalls.add(id)
      open.add(id)
      owed.add(id)
      const askedAt = clock.monotonic()
      write(frame).catch((error: unknown) => unaryCalls.fail(id, error))
      try {
        return await raceSignal(answer, signal)
      } finally {
        unaryCalls.forget(id)
        release(id)
        if (signal.reason instanceof DeadlinePassed) suspect(askedAt)
      }
    },
    async stream(payload, sink) {
      check()
      const id = nextId()
      const frame = encodeEnvelope(id, Kind.REQUEST, payload, maxRequestBytes)
      streams.set(id, sink)
      open.add(id)
      owed.add(id)
      const abandon = (): void => {
        if (streams.delete(id)) release(id)
      }
      try {
        await write(frame)
      } catch (error) {
        abandon()
        throw error
      }
      return {
        abandon,
        async answer(reply) {
          const gone = failure ?? deaf
          if (gone) throw unsent(gone)
          await write(encodeEnvelope(id, Kind.ANSWER, reply, maxRequestBytes))
        },
      }
    },
    get failure() {
      return failure ?? deaf
    },
    get owed() {
      return owed.size
    },
    get over() {
      return over
    },
    idle: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
    async close(cause, graceMs) {
      fail(cause)
      await link.close({ graceMs })
    },
  }
}

const unsent = (cause: SignalboxError): ConnectionError =>
  new ConnectionError({ code: 'closed', message: cause.message, sent: 'no', cause })

/** Why the core is gone, in one error for everybody who waited. */
function lost(reason: CloseReason, cause: unknown): ConnectionError {
  const facts = { system: 'cmdop', sent: 'maybe', remoteCode: 'connection' } as const
  if (SignalboxError.is(cause)) {
    const code = cause.code === 'too_large' || cause.code === 'invalid_message' ? 'protocol' : cause.code
    return new ConnectionError({ ...facts, code, message: `The core cannot be understood any more. ${cause.message}`, cause })
  }
  if (reason.kind === 'exit') {
    const { exitCode, signal, stderrTail } = reason
    const said = stderrTail.trim()
    const message = `The core exited (${exitCode ?? signal})${said === '' ? '.' : `: ${said}`}`
    const hint = 'The next call starts a fresh one; calls that were open may have been carried out.'
    return new ConnectionError({ ...facts, code: 'exited', message, hint, exitCode, signal, stderrTail })
  }
  const why = reason.kind === 'error' ? reason.error : cause
  const detail = why instanceof Error ? `: ${why.message}` : ''
  const message = `The connection to the core ended${detail}${detail.endsWith('.') ? '' : '.'}`
  return new ConnectionError({ ...facts, code: 'closed', message, cause: why })
}
