/** Faults that were seen on the real server or on proxies before it. The first request that fits a fault takes it. */
import type { SimulatedRequest } from './types.js'

/** The effect of a fault on a request. */
export type FaultEffect =
  /**
   * The request is not processed and gets this answer. `close` cuts the connection afterwards, as the server does after a text 500.
   */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body?: string
      readonly contentType?: string
      readonly headers?: Readonly<Record<string, string>>
      readonly close?: boolean
    }
  /** The connection is refused, so the request is not sent. */
  | { readonly kind: 'refuse' }
  /** The connection is cut: before the request is processed, or after it is stored. The client gets the same error in both cases. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** Processed, but only a part of the answer arrives. */
  | { readonly kind: 'truncate' }
  /**
   * Slower than the client's timeout, and processed all the same. The request waits before it begins (`queued`), after it read what is
   * stored and before it writes (`before-write`), while it holds the session's lock (`in-transaction`), or after everything is stored and
   * before the answer leaves (`answered`).
   */
  | { readonly kind: 'slow'; readonly ms: number; readonly phase: SlowPhase }

/** The step at which a slow request waits. */
export type SlowPhase = 'queued' | 'before-write' | 'in-transaction' | 'answered'

/** A fault: an effect, and the requests that get it. */
export type Fault = FaultEffect & {
  /** How many requests get it. Default 1. */
  readonly times?: number
  /** Selects the requests that the fault fits. Default: every request. */
  readonly on?: (request: SimulatedRequest) => boolean
}

/** Faults that wait for a request. */
export interface FaultPlan {
  /**
   * Adds a fault behind those that wait.
   *
   * @example
   * import { catsyphonFaults, createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const { faults } = createCatsyphonSimulator()
   * faults.add(catsyphonFaults.rateLimited('2'))
   */
  add(fault: Fault): void
  /**
   * Takes the first fault that fits a request, and counts it as used; undefined if none fits. The simulator calls it for each
   * request.
   *
   * @example
   * import { catsyphonFaults, createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const { faults } = createCatsyphonSimulator()
   * faults.add(catsyphonFaults.refuse())
   * console.log(faults.take({ method: 'GET', path: '/health' })?.kind) // refuse
   */
  take(request: SimulatedRequest): FaultEffect | undefined
  /**
   * Removes every fault that waits.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const { faults } = createCatsyphonSimulator()
   * faults.clear()
   * console.log(faults.pending) // 0
   */
  clear(): void
  /** How many faults wait. */
  readonly pending: number
}

export function createFaultPlan(): FaultPlan {
  let waiting: { fault: Fault; left: number }[] = []
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1 }),
    take(request) {
      const found = waiting.find(({ fault }) => fault.on?.(request) ?? true)
      if (!found) return undefined
      found.left -= 1
      if (found.left <= 0) waiting = waiting.filter((entry) => entry !== found)
      return found.fault
    },
    clear() {
      waiting = []
    },
    get pending() {
      return waiting.length
    },
  }
}

const html = (title: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`

/** Makes the usual effects, for `inject`. Add `times` and `on` to choose how many requests and which ones get a fault. */
export const faults = {
  /** An unhandled failure: a text answer, then the connection is cut without a `Connection: close`. */
  serverError: (): FaultEffect => ({
    kind: 'answer',
    status: 500,
    body: 'Internal Server Error',
    contentType: 'text/plain; charset=utf-8',
    close: true,
  }),
  /** 413 with the HTML page of a proxy, as for a body over the limit. */
  tooLarge: (): FaultEffect => ({
    kind: 'answer',
    status: 413,
    body: html('413 Request Entity Too Large'),
    contentType: 'text/html',
  }),
  /** 502, 503 or 504 with the HTML page of a proxy. Default 502. */
  badGateway: (status: 502 | 503 | 504 = 502): FaultEffect => ({
    kind: 'answer',
    status,
    body: html(`${status} Bad Gateway`),
    contentType: 'text/html',
  }),
  /** 429 with this `retry-after` header. */
  rateLimited: (retryAfter: string): FaultEffect => ({
    kind: 'answer',
    status: 429,
    body: 'Too Many Requests',
    contentType: 'text/plain',
    headers: { 'retry-after': retryAfter },
  }),
  /** The answer for a wrong base URL: a single-page app that answers every request with its page. */
  singlePageApp: (): FaultEffect => ({
    kind: 'answer',
    status: 200,
    body: '<!doctype html><html><body></body></html>',
    contentType: 'text/html',
  }),
  /** 401, as for a wrong API key. */
  unauthorized: (): FaultEffect => ({
    kind: 'answer',
    status: 401,
    body: '{"detail":"Invalid API key"}',
    contentType: 'application/json',
  }),
  /** 307 to this location. */
  redirect: (location: string): FaultEffect => ({ kind: 'answer', status: 307, headers: { location } }),
  /** Cuts the connection before the request is processed, or after it is stored. */
  reset: (when: 'before' | 'after'): FaultEffect => ({ kind: 'reset', when }),
  /** Refuses the connection. */
  refuse: (): FaultEffect => ({ kind: 'refuse' }),
  /** Processes the request and sends only a part of the answer. */
  truncate: (): FaultEffect => ({ kind: 'truncate' }),
  /** Processes the request, but waits this many milliseconds in the given phase. */
  slow: (ms: number, phase: SlowPhase): FaultEffect => ({ kind: 'slow', ms, phase }),
  /** The HTML page of an nginx proxy with this title. */
  htmlPage: html,
}
