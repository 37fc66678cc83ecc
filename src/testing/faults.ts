/**
 * Faults drawn from a seed: the same seed gives the same faults for the same chunks. Every error that a fault causes names the
 * seed, and `eachSeed` adds it to errors that follow.
 */
import { sleep, systemClock, type Clock, type Random } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import { SignalboxError } from '../errors.js'
import type { Link, StreamTransport } from '../transport.js'
import { createSeededRandom } from './clock.js'

/**
 * What can go wrong with a chunk of bytes. `kill` is the death of the peer: every open link of the transport is reset, and for
 * `downMs` no link can be opened. The other faults concern one link.
 */
export type Fault = 'latency' | 'stall' | 'split' | 'coalesce' | 'reset' | 'half-close' | 'duplicate' | 'truncate' | 'kill'

/** Options of `withFaults`. */
export interface FaultOptions {
  /** The same seed gives the same faults. Errors that a fault causes name it. */
  readonly seed: number
  /** How likely each fault is for a chunk, from 0 to 1. Default 0. */
  readonly odds: Partial<Readonly<Record<Fault, number>>>
  /** Chunks from the peer (`in`), to the peer (`out`), or both, which is the default. `coalesce` and `half-close` apply to `in` only. */
  readonly direction?: 'in' | 'out' | 'both'
  /** The longest latency in milliseconds. Default 20. */
  readonly maxLatencyMs?: number
  /** How long no link can be opened after a `kill`, in milliseconds. Default 250. */
  readonly downMs?: number
  /** The clock of latencies and of `downMs`. Default: the system's clock. */
  readonly clock?: Clock
  /** Called for each fault, when it happens. */
  readonly onFault?: (fault: Fault, direction: 'in' | 'out', seed: number) => void
}

/**
 * Wraps a transport so that its links split, delay, stall, reset or truncate what crosses them, drawn from a seed.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { createCccSimulator, withFaults } from 'signalbox/testing'
 *
 * const simulator = createCccSimulator({ sessions: [{ name: 'myproject' }] })
 * const transport = withFaults(simulator.transport, { seed: 7, odds: { split: 0.5, reset: 0.1 } })
 * await using ccc = createCcc({ transport })
 * console.log(await ccc.sessions())
 */
export function withFaults<Launch>(transport: StreamTransport<Launch>, options: FaultOptions): StreamTransport<Launch> {
  const { seed, clock = systemClock, downMs = 250 } = options
  let count = 0
  let downUntil = Number.NEGATIVE_INFINITY
  const resets = new Set<() => void>()
  const refuseWhileDown = (): void => {
    if (clock.monotonic() >= downUntil) return
    const message = `The peer was killed on purpose and is not back yet (seed ${seed}).`
    throw new SignalboxError({ code: 'unreachable', message, transport: transport.name, sent: 'no' })
  }
  const peer: Peer = {
    resets,
    kill() {
      downUntil = clock.monotonic() + downMs
      for (const reset of [...resets]) reset()
    },
  }
  return {
    kind: 'stream',
    name: transport.name,
    async open(launch, open) {
      refuseWhileDown()
      count += 1
      // Each link has random numbers of its own, so that links do not change each other's faults.
      const random = createSeededRandom(seed + count * 7919)
      return faultyLink(await transport.open(launch, open), options, random, peer)
    },
  }
}

/** What the links of one transport share. */
interface Peer {
  /** One for each open link. */
  readonly resets: Set<() => void>
  kill(): void
}

/** Long because both directions share the state of one link. */
function faultyLink(link: Link, options: FaultOptions, random: Random, peer: Peer): Link {
  const { seed, odds, direction = 'both', maxLatencyMs = 20, clock = systemClock, onFault } = options
  const over = new AbortController()
  let ready: Uint8Array[] = []
  let ahead: Promise<Uint8Array | null> | undefined
  let inputOver: 'eof' | SignalboxError | undefined
  let tail: Promise<void> = Promise.resolve()
  const die = (): void => {
    ready = []
    inputOver = reset('maybe')
  }
  /** A function, because the peer may be killed while a read waits. */
  const failure = (): SignalboxError | undefined => (inputOver === 'eof' ? undefined : inputOver)
  peer.resets.add(die)
  void link.closed.then(() => {
    peer.resets.delete(die)
    over.abort()
  })

  const strikes = (fault: Fault, where: 'in' | 'out'): boolean => {
    const chance = odds[fault] ?? 0
    if (chance === 0 || (direction !== 'both' && direction !== where)) return false
    if (random() >= chance) return false
    onFault?.(fault, where, seed)
    return true
  }
  const pauseFor = async (where: 'in' | 'out'): Promise<void> => {
    if (strikes('latency', where)) await sleep(clock, random() * maxLatencyMs, over.signal).catch(() => {})
    if (strikes('stall', where)) await ended(over.signal)
  }
  const reset = (sent: 'maybe'): SignalboxError => {
    void link.close({ graceMs: 0 })
    const message = `The link was reset on purpose (seed ${seed}).`
    return new SignalboxError({ code: 'closed', message, transport: link.info.transport, sent })
  }
  const next = (): Promise<Uint8Array | null> => {
    const chunk = ahead ?? link.read()
    ahead = undefined
    return chunk
  }
  /** Joins the next chunk, if it comes within 5 ms. A peer that waits for an answer sends none. */
  const joined = async (chunk: Uint8Array): Promise<Uint8Array> => {
    ahead = link.read()
    ahead.catch(() => {})
    const late = deferred()
    const timer = clock.after(5, late.resolve)
    // An error of the next read comes after this chunk.
    const soon = await Promise.race([ahead.catch(() => null), late.promise])
    timer.cancel()
    if (!soon) return chunk
    ahead = undefined
    const both = new Uint8Array(chunk.byteLength + soon.byteLength)
    both.set(chunk)
    both.set(soon, chunk.byteLength)
    return both
  }

  const read = async (): Promise<Uint8Array | null> => {
    const kept = ready.shift()
    if (kept) return kept
    if (inputOver) {
      if (inputOver !== 'eof') throw inputOver
      return null
    }
    let chunk = await next()
    if (chunk === null) {
      const fault = failure()
      if (fault) throw fault
      return null
    }
    await pauseFor('in')
    const killed = failure()
    if (killed) throw killed
    if (over.signal.aborted && (await link.closed).kind === 'local') return null
    if (strikes('kill', 'in')) {
      peer.kill()
      throw failure() ?? reset('maybe')
    }
    if (strikes('reset', 'in')) {
      inputOver = reset('maybe')
      throw inputOver
    }
    if (strikes('half-close', 'in')) {
      inputOver = 'eof'
      return null
    }
    if (strikes('truncate', 'in')) {
      inputOver = 'eof'
      return chunk.byteLength > 1 ? chunk.subarray(0, Math.floor(chunk.byteLength / 2)) : null
    }
    if (strikes('coalesce', 'in')) chunk = await joined(chunk)
    if (strikes('duplicate', 'in')) ready.push(chunk.slice())
    if (strikes('split', 'in')) ready = [...pieces(chunk, random), ...ready]
    else return chunk
    return ready.shift() ?? null
  }

  const write = async (chunk: Uint8Array): Promise<void> => {
    await pauseFor('out')
    if (strikes('kill', 'out')) {
      peer.kill()
      throw reset('maybe')
    }
    if (strikes('reset', 'out')) throw reset('maybe')
    if (strikes('truncate', 'out')) {
      await link.write(chunk.subarray(0, Math.floor(chunk.byteLength / 2)))
      throw reset('maybe')
    }
    const parts = strikes('split', 'out') ? pieces(chunk, random) : [chunk]
    for (const part of parts) await link.write(part)
    if (strikes('duplicate', 'out')) await link.write(chunk)
  }

  return {
    info: link.info,
    read,
    write(chunk) {
      const written = tail.then(() => write(chunk))
      tail = written.catch(() => {})
      return written
    },
    end: () => tail.then(() => link.end()),
    close(close) {
      // Chunks that the faults hold back count as unread and are discarded.
      ready = []
      ahead = undefined
      return link.close(close)
    },
    get closed() {
      return link.closed
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  }
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const { promise, resolve } = deferred()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

/** Two to five pieces, none of them empty. */
function pieces(chunk: Uint8Array, random: Random): Uint8Array[] {
  const out: Uint8Array[] = []
  let start = 0
  for (let cuts = 1 + Math.floor(random() * 4); cuts > 0 && chunk.byteLength - start > 1; cuts -= 1) {
    const end = start + 1 + Math.floor(random() * (chunk.byteLength - start - 1))
    out.push(chunk.subarray(start, end))
    start = end
  }
  out.push(chunk.subarray(start))
  return out
}

/**
 * Runs the same work with several seeds, one after the other. Stops at the first failure, with an error that names the seed.
 *
 * @example
 * import { eachSeed } from 'signalbox/testing'
 *
 * await eachSeed([1, 2, 3], async (seed) => console.log(`a test with faults of seed ${seed}`))
 */
export async function eachSeed(seeds: Iterable<number>, run: (seed: number) => Promise<void>): Promise<void> {
  for (const seed of seeds) {
    try {
      await run(seed)
    } catch (error) {
      throw new Error(`with seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
}
