/**
 * A connection to one core: many calls over one link, with an id each. The reader never waits for a consumer, so a slow stream does not
 * delay another call. Broken bytes end the connection, because the framing has no mark from which a reader could continue.
 */
import { systemClock, type Clock } from '../core/clock.js'
import { frameDecoder } from '../core/codec/frames.js'
import { DeadlinePassed, type Deadline } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import type { Link } from '../transport.js'
import { createCallIds } from './call-ids.js'
import { createFrameWriter } from './frame-writer.js'
import { faultOfSilence, lostCore, notWritten } from './lost-core.js'
import { KIND, type Wire, type WireEnvelope } from './wire.js'

/** Takes the frames of one ask. Must neither wait nor throw. */
export interface StreamSink<Envelope> {
  frame(envelope: Envelope, bytes: number): void
  /** The core is gone. Frames that were delivered stay delivered. */
  fail(cause: SignalboxError): void
}

export interface CoreStream<Payload> {
  /** Writes an answer to a question of this stream. */
  answer(payload: Payload): Promise<void>
  /** Drops the later frames. The machine is not told, because the protocol cannot say it. */
  abandon(): void
}

export interface Connection<Envelope, Payload> {
  /** Rejects with the bare reason of the deadline at its end. */
  unary(payload: Payload, deadline: Deadline): Promise<Envelope>
  stream(payload: Payload, sink: StreamSink<Envelope>): Promise<CoreStream<Payload>>
  /** Why no call can be made any more. */
  readonly failure: SignalboxError | undefined
  /** True if the core is gone and nothing more comes. */
  readonly over: boolean
  /** How many calls and asks the core has not ended, including those that were given up. A core with open asks does not exit by itself. */
  readonly owed: number
  /** Resolves when nobody waits for a call any more, or at the end. */
  idle(): Promise<void>
  /** Fails what is open and ends the link. Resolves when the core is gone. */
  close(cause: SignalboxError, graceMs: number): Promise<void>
}

/** A unary call that waits for its answer. */
interface Waiting<Envelope> {
  resolve(envelope: Envelope): void
  reject(error: unknown): void
}

/** Limits of the connection to a core. */
export interface ConnectionLimits {
  /** A longer frame from the core is taken for broken bytes. Default 64 MiB. */
  readonly maxFrameBytes?: number
  /** A longer request is refused with `too_large`. Default and most: what the core reads, 64 MiB for 1.x and 4 MiB for 2.0. */
  readonly maxRequestBytes?: number
  /** Calls and asks that the core has not ended. Default 10,000; more are refused with `rate_limited`. */
  readonly maxPending?: number
}

/** The time limit of each closing step. For a core that should exit by itself, or cannot be read any more. Some cores exit only at KILL. */
export const LEAVING_MS = 150

/** Long because calls, streams and the end share the ids of one link. */
export function createConnection<Envelope extends WireEnvelope, Payload>(
  link: Link,
  wire: Wire<Envelope, Payload>,
  limits: ConnectionLimits = {},
  clock: Clock = systemClock,
): Connection<Envelope, Payload> {
  const { maxFrameBytes = wire.maxFrameBytes, maxRequestBytes = wire.maxRequestBytes, maxPending = 10_000 } = limits
  const decoder = frameDecoder({ maxFrameBytes })
  const calls = new Map<number, Waiting<Envelope>>()
  const streams = new Map<number, StreamSink<Envelope>>()
  const waitingForIdle: (() => void)[] = []
  let failure: SignalboxError | undefined
  /** Nothing more can be written, but what the core sent before is still read. */
  let writeFault: SignalboxError | undefined
  let over = false
  let lastByteAt = clock.monotonic()

  const onIdle = (): void => {
    for (const resolve of waitingForIdle.splice(0)) resolve()
    // After a failed write the link stays open only for pending answers. None is pending any more.
    if (writeFault) void link.close({ graceMs: LEAVING_MS })
  }
  const ids = createCallIds(onIdle)

  const fail = (cause: SignalboxError): void => {
    if (failure) return
    failure = cause
    const waiting = [...calls.values()]
    calls.clear()
    for (const { reject } of waiting) reject(cause)
    const sinks = [...streams.values()]
    streams.clear()
    for (const sink of sinks) sink.fail(cause)
    ids.clear()
  }

  const route = (envelope: Envelope, bytes: number): void => {
    const { id, kind } = envelope
    const isLast = kind === KIND.done || kind === KIND.error || kind === KIND.response
    if (isLast) ids.settle(id)
    const sink = streams.get(id)
    if (sink) {
      if (isLast && streams.delete(id)) ids.release(id)
      sink.frame(envelope, bytes)
      // A unary call ignores events and callbacks. Late answers and unknown ids are dropped.
    } else if (isLast) calls.get(id)?.resolve(envelope)
  }

  const read = async (): Promise<void> => {
    let cause: unknown
    try {
      for (;;) {
        const chunk = await link.read()
        lastByteAt = clock.monotonic()
        const bodies = chunk === null ? decoder.end() : decoder.push(chunk)
        for (const body of bodies) route(wire.decode(body), body.byteLength)
        if (decoder.fault) throw decoder.fault
        if (chunk === null) break
      }
    } catch (error) {
      cause = error
      fail(lostCore({ kind: 'error', error }, error))
    }
    // Waits a short time for the exit of the core, so that the error can say how it ended.
    fail(lostCore(await link.close({ graceMs: LEAVING_MS }), cause))
    over = true
  }
  void read()

  const writeFrame = createFrameWriter(link)
  const write = (frame: Uint8Array): Promise<unknown> =>
    writeFrame(frame).catch((error: unknown) => {
      writeFault ??= lostCore({ kind: 'error', error }, undefined)
      if (ids.awaited === 0) onIdle()
      throw failure ?? writeFault
    })

  /** Gives a fresh id and the frame to write; throws if the call cannot be made. */
  const prepare = (payload: Payload): { readonly id: number; readonly frame: Uint8Array } => {
    const gone = failure ?? writeFault
    if (gone) throw notWritten(gone)
    if (ids.owed >= maxPending) throw tooManyPending(maxPending)
    const id = ids.take()
    try {
      return { id, frame: wire.encode(id, KIND.request, payload, maxRequestBytes) }
    } catch (error) {
      ids.settle(id)
      ids.release(id)
      throw error
    }
  }

  const checkSilence = (askedAt: number): void => {
    const silentMs = clock.monotonic() - lastByteAt
    const heardSince = lastByteAt > askedAt
    const fault = faultOfSilence({ insideFrame: decoder.partial, silentMs, heardSince, othersWait: ids.awaited > 0 })
    if (!fault) return
    fail(fault)
    void link.close({ graceMs: LEAVING_MS })
  }

  return {
    // One promise for each call and no wrapper around it, because this path decides the cost of a call.
    unary(payload, deadline) {
      const askedAt = clock.monotonic()
      // An exception of `prepare` rejects the promise.
      return new Promise<Envelope>((resolve, reject) => {
        const { id, frame } = prepare(payload)
        const settle = (): void => {
          ignoreEnd()
          if (calls.delete(id)) ids.release(id)
        }
        const ignoreEnd = deadline.onEnd(() => {
          if (calls.delete(id)) ids.release(id)
          reject(deadline.reason)
          if (deadline.reason instanceof DeadlinePassed) checkSilence(askedAt)
        })
        if (deadline.ended) {
          // Nothing was written.
          ids.settle(id)
          return ids.release(id)
        }
        calls.set(id, {
          resolve(envelope) {
            settle()
            resolve(envelope)
          },
          reject(error) {
            settle()
            reject(error)
          },
        })
        write(frame).catch((error: unknown) => calls.get(id)?.reject(error))
      })
    },
    async stream(payload, sink) {
      const { id, frame } = prepare(payload)
      streams.set(id, sink)
      const abandon = (): void => {
        if (streams.delete(id)) ids.release(id)
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
          const gone = failure ?? writeFault
          if (gone) throw notWritten(gone)
          await write(wire.encode(id, KIND.answer, reply, maxRequestBytes))
        },
      }
    },
    get failure() {
      return failure ?? writeFault
    },
    get owed() {
      return ids.owed
    },
    get over() {
      return over
    },
    idle: () => (ids.awaited === 0 ? Promise.resolve() : new Promise((resolve) => waitingForIdle.push(resolve))),
    async close(cause, graceMs) {
      fail(cause)
      await link.close({ graceMs })
    },
  }
}

function tooManyPending(maxPending: number): SignalboxError {
  const message = `${maxPending} calls and asks already wait for this core.`
  return new SignalboxError({ code: 'rate_limited', message, hint: 'Limit concurrency, or raise limits.maxPending.', sent: 'no' })
}
