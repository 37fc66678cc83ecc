/** What the cases share: a case that is timed and counted, bytes that can be checked, a writer that knows when it is held back. */
import { deferred } from '../../core/deferred.js'
import type { CloseReason, Link } from '../../transport.js'
import { check, CheckFailed, type Case } from '../case.js'
import type { ContractContext, ContractPair } from './context.js'

/** A case of the transport contract. */
export type ContractCase = Case<ContractContext>

/** A case over one pair, which is closed afterwards whatever happened. */
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

/** Counting is repeated for a while: a runtime lets go of a handle some turns after its end was told. */
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

export async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  const late = deferred<never>()
  const timer = setTimeout(() => late.reject(new CheckFailed(`${what} did not end within ${ms} ms`)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** For polling only: no case proves anything by waiting. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Bytes whose every position can be told: a lost, doubled or swapped piece shows. */
export function pattern(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = byteAt(from + index)
  return bytes
}

const byteAt = (position: number): number => (position ^ (position >>> 8) ^ (position >>> 16)) & 0xff

export interface Heard {
  readonly bytes: number
  /** How the reading ended: at null, by a fault, or because enough was heard. */
  readonly end: 'null' | 'fault' | 'enough'
}

/** Reads the pattern until `enough` bytes, null or a fault, and checks every byte. */
export async function hear(link: Link, enough = Number.POSITIVE_INFINITY, from = 0): Promise<Heard> {
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
  /** Bytes that the transport says it handed over. */
  readonly accepted: () => number
  /** The writes that were not handed over when it stalled; none of it is awaited here. */
  readonly pending: Promise<void>
  stop(): void
}

/** Writes the pattern until the other end holds us back. Fails when it never does. */
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

/** The reason, or a failure that says what was waited for. */
export function reasonOf(link: Link, what: string, ms = 10_000): Promise<CloseReason> {
  return within(ms, link.closed, what)
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
