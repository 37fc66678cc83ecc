/**
 * Helpers of the cases: cases with a time limit and a leak check, bytes with a checkable pattern, a writer that detects
 * backpressure.
 */
import { deferred } from '../../core/deferred.js'
import type { CloseReason, Link } from '../../transport.js'
import { check, CheckFailed, type Case } from '../case.js'
import type { ContractContext, ContractPair } from './context.js'

/** A case of the transport contract. */
export type ContractCase = Case<ContractContext>

/** A case over one pair of links. The pair is closed afterwards, also after a failure. */
export function pairCase(
  id: string,
  title: string,
  run: (pair: ContractPair, context: ContractContext) => Promise<void>,
): ContractCase {
  return contractCase(id, title, async (context) => {
    const pair = await context.pair()
    try {
      await run(pair, context)
    } finally {
      await Promise.all([pair.near.close({ graceMs: 500 }), pair.far.close({ graceMs: 500 })])
    }
  })
}

export function contractCase(id: string, title: string, run: (context: ContractContext) => Promise<void>): ContractCase {
  return {
    id,
    title,
    skip: (context) => context.exempt?.[id],
    async run(context) {
      const before = await context.held?.()
      await within(context.caseTimeoutMs ?? 30_000, run(context), `${id} on ${context.name}`)
      if (before) await nothingLeft(context, before)
    },
  }
}

/** The count is repeated for up to 5 s, because a runtime releases a handle a few turns after it reports the end. */
async function nothingLeft(context: ContractContext, before: Readonly<Record<string, number>>): Promise<void> {
  let left = ''
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const after = (await context.held?.()) ?? {}
    const grown = Object.entries(after).filter(([name, count]) => count > (before[name] ?? 0))
    if (grown.length === 0) return
    left = grown.map(([name, count]) => `${name}: ${before[name] ?? 0} before, ${count} after`).join('; ')
    await pause(25)
  }
  throw new CheckFailed(`something is left behind: ${left}`)
}

async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  const late = deferred<never>()
  const timer = setTimeout(() => late.reject(new CheckFailed(`${what} did not end within ${ms} ms`)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Only for polling. No case proves anything by waiting. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Bytes in which every position is recognisable, so that a lost, doubled or swapped piece is found. */
export function pattern(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = byteAt(from + index)
  return bytes
}

const byteAt = (position: number): number => (position ^ (position >>> 8) ^ (position >>> 16)) & 0xff

export interface Heard {
  readonly bytes: number
  /** How the reading ended: at null, with an error, or after enough bytes. */
  readonly end: 'null' | 'fault' | 'enough'
}

/** Reads until `enough` bytes, null or an error, and checks every byte against the pattern. */
export async function readAll(link: Link, enough = Number.POSITIVE_INFINITY, from = 0): Promise<Heard> {
  let bytes = 0
  while (bytes < enough) {
    let chunk: Uint8Array | null
    try {
      chunk = await link.read()
    } catch {
      return { bytes, end: 'fault' }
    }
    if (chunk === null) return { bytes, end: 'null' }
    for (let index = 0; index < chunk.byteLength; index += 1) {
      if (chunk[index] !== byteAt(from + bytes + index)) throw new CheckFailed(`byte ${from + bytes + index} is wrong`)
    }
    bytes += chunk.byteLength
  }
  return { bytes, end: 'enough' }
}

const PIECE = 64 * 1024

export interface Flood {
  /** The number of bytes whose writes resolved. */
  readonly accepted: () => number
  /** The writes that had not resolved when the writer stalled. The caller awaits them. */
  readonly pending: Promise<void>
  stop(): void
}

/** Writes the pattern until the writes stall because the peer does not read. Fails if they never stall. */
export async function flood(link: Link, most: number): Promise<Flood> {
  let accepted = 0
  let stopped = false
  const pending = (async () => {
    while (!stopped && accepted < most) {
      await link.write(pattern(PIECE, accepted))
      accepted += PIECE
    }
  })()
  pending.catch(() => {})
  let last = -1
  let still = 0
  while (still < 8) {
    await pause(25)
    check(accepted < most, `${most} bytes were taken although nobody read: the writer is not held back`)
    still = accepted === last ? still + 1 : 0
    last = accepted
  }
  return {
    accepted: () => accepted,
    pending,
    stop: () => {
      stopped = true
    },
  }
}

export const MOST_FLOOD = 64 * 1024 * 1024

/** Gives the close reason of the link. Fails, with the given text, if the link does not end in time. */
export function reasonOf(link: Link, what: string, ms = 10_000): Promise<CloseReason> {
  return within(ms, link.closed, what)
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
