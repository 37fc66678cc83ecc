/** Repeats a request while the server is gone or elects a leader, until its time is over. */
import type { NatsConnection } from '@nats-io/nats-core'
import { sleep, type Clock } from '../../src/core/clock.js'
import { SignalboxError, type Sent } from '../../src/errors.js'
import type { Connected } from './connected.js'
import { mayBeStored, noAnswer, notAllowed, notConnected, withoutJetStream } from './failures.js'

const PAUSE_MS = 150
/** A leader that died does not answer, and a cluster without a leader drops requests. */
const FIRST_ATTEMPT_MS = 1500

/** The answer of the attempt that succeeded. `maybe`: an earlier attempt had no answer, so the server may have acted on that one too. */
export interface Answered<Result> {
  readonly result: Result
  readonly maybe: boolean
}

/** No answer came within the time of one attempt. */
export class Late extends Error {}
/** Nobody listens to the request, for example because the server has no JetStream yet. */
export class Nobody extends Error {}

export interface PersistOptions {
  /** An attempt without an answer may have changed something. */
  readonly hasEffect: boolean
  /**
   * The request is small and may run twice at once. It is sent again at even distances, and a late answer to an earlier attempt counts.
   * Otherwise each attempt has twice the time of the one before, so that a slow network can carry a large message, and one runs at a time.
   */
  readonly overlaps?: boolean
}

/** `attempt` returns undefined when the server answered that the same request may succeed in a moment. */
export type Persist = <Result>(
  label: string,
  attempt: (timeoutMs: number) => Promise<Result | undefined>,
  options: PersistOptions,
) => Promise<Answered<Result>>

export function createPersist(connection: NatsConnection, connected: Connected, clock: Clock, timeoutMs: number): Persist {
  const firstMs = Math.max(500, Math.min(FIRST_ATTEMPT_MS, Math.ceil(timeoutMs / 3)))
  return async <Result>(
    label: string,
    attempt: (timeoutMs: number) => Promise<Result | undefined>,
    { hasEffect, overlaps = false }: PersistOptions,
  ) => {
    let attemptMs = firstMs
    const until = clock.monotonic() + timeoutMs
    const left = (): number => Math.max(1, until - clock.monotonic())
    const overlapping = overlaps ? createOverlap<Result>(clock) : undefined
    let sent: Sent = 'no'
    let isAbsent = false
    for (;;) {
      if (connection.isClosed() || connection.isDraining()) throw notConnected(label, true, sent)
      if (!(await connected.wait(clock, Math.max(0, until - clock.monotonic())))) {
        throw notConnected(label, connection.isClosed(), sent)
      }
      let failure: unknown
      const ownMs = Math.min(attemptMs, left())
      try {
        const result = await (overlapping ? overlapping(() => attempt(left()), ownMs) : attempt(ownMs))
        if (result !== undefined) return { result, maybe: sent !== 'no' }
      } catch (error) {
        failure = error
        const kind = kindOf(error)
        if (kind === 'other') throw sent === 'maybe' ? mayBeStored(error) : error
        if (kind === 'denied') throw sent === 'maybe' ? mayBeStored(notAllowed(label, error)) : notAllowed(label, error)
        if (kind === 'no answer' && hasEffect) sent = 'maybe'
      }
      // An attempt that was shortened by the time limit proves nothing about the server.
      if (kindOf(failure) === 'nobody') isAbsent = true
      else if (ownMs >= firstMs) isAbsent = false
      if (clock.monotonic() + PAUSE_MS >= until) {
        throw isAbsent ? withoutJetStream(label, sent) : noAnswer(label, sent, failure)
      }
      if (!overlaps) attemptMs *= 2
      await sleep(clock, PAUSE_MS)
    }
  }
}

/** Starts an attempt, and settles with the first answer to it or to an earlier one. Rejects with `Late` after the time of the new one. */
function createOverlap<Result>(clock: Clock) {
  const earlier = new Set<Promise<Result | undefined>>()
  return async (start: () => Promise<Result | undefined>, ms: number): Promise<Result | undefined> => {
    const own = start()
    earlier.add(own)
    // An attempt that ends between two races, or after the last one, is not an unhandled rejection.
    own.catch(() => {})
    let timer: ReturnType<Clock['after']> | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = clock.after(ms, () => reject(new Late()))
    })
    try {
      return await Promise.race([...[...earlier].map((each) => each.finally(() => earlier.delete(each))), late])
    } finally {
      timer?.cancel()
    }
  }
}

function kindOf(error: unknown): 'nobody' | 'no answer' | 'denied' | 'other' {
  if (error === undefined || error instanceof Late) return 'no answer'
  if (error instanceof Nobody) return 'nobody'
  if (SignalboxError.is(error) || !(error instanceof Error)) return 'other'
  // By name: the application may have another copy of the package.
  const names = [error.name, error.cause instanceof Error ? error.cause.name : '']
  if (names.includes('NoResponders')) return 'nobody'
  return names.includes('PermissionViolationError') ? 'denied' : 'no answer'
}
