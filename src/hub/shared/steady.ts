/**
 * The store for the engine of a source. Calls wait during an outage instead of failing, and a write whose outcome is unknown is looked up.
 * So an outage changes the order of writes as little as a kill does, and no event is written twice.
 */
import { sleep, type Clock } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import type { Kv, KvVersion, Log, WriteOptions } from '../../store/store.js'
import { afterEffect, hubError } from '../context.js'
import { decodeEntry } from '../journal/encode.js'
import type { AgentId } from '../model/agent.js'
import { isOutage } from './outage.js'
import type { SourceLease } from './lease.js'

export interface SteadyOptions {
  readonly lease: SourceLease
  readonly clock: Clock
  /** Ends the drive. */
  readonly signal: AbortSignal
  /** Whether an agent belongs to the source of the lease. */
  readonly isMine: (agent: AgentId) => boolean
}

export interface Steady {
  /** A call waits for the store now. */
  readonly waiting: boolean
  /** `next`: no entry of the source is at or after this position yet. */
  log(log: Log, next: number): Log
  /** `createOnce`: the creation of a value is tried once, so that its caller gets the error of an outage. */
  kv(kv: Kv, options?: { readonly createOnce?: true }): Kv
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 1000

/** Long because the log and the maps share one loop that waits for the store. */
export function createSteady({ lease, clock, signal, isMine }: SteadyOptions): Steady {
  let waiting = 0
  let pausing: Promise<void> | undefined
  let wait = FIRST_WAIT_MS
  /** One pause for all calls that wait for the store. */
  const pauseForStore = (): Promise<void> => {
    pausing ??= sleep(clock, wait, signal).finally(() => {
      pausing = undefined
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    })
    return pausing
  }

  /** Calls until the store answers. `failed` looks at an outage; what it returns is the result. */
  const attempt = async <Result>(
    run: () => Promise<Result>,
    failed?: (error: SignalboxError) => Promise<{ readonly result: Result } | undefined>,
  ): Promise<Result> => {
    let failures = 0
    let trouble: SignalboxError | undefined
    let mayHaveArrived = false
    try {
      for (;;) {
        try {
          const paused = lease.closing ? undefined : lease.pause()
          if (paused) await paused
          if (trouble && failed) {
            const outcome = await failed(trouble)
            if (outcome) return outcome.result
            trouble = undefined
          }
          const result = await run()
          if (waiting > 0) wait = FIRST_WAIT_MS
          return result
        } catch (error) {
          if (!isOutage(error) || lease.closing) throw error
          // A lookup that fails says nothing about the write.
          if (error.sent !== 'no') {
            trouble ??= error
            mayHaveArrived = true
          }
          failures += 1
          if (failures === 1) waiting += 1
        }
        await pauseForStore()
      }
    } catch (error) {
      // The last failure says nothing about the attempts before it.
      throw mayHaveArrived ? afterEffect(error, 'writing') : error
    } finally {
      if (failures > 0) waiting -= 1
    }
  }

  const steadyLog = (log: Log, next: number): Log => {
    /** No entry of the source that is not confirmed lies before it. */
    let confirmed = next
    /** Entries of the source that are in the log and not confirmed. Only this hub writes them. */
    const unconfirmed = async (): Promise<number[]> => {
      const sequences: number[] = []
      for (let at = confirmed; ; ) {
        const page = await log.read(at)
        for (const entry of page.entries) if (isMine(decodeEntry(entry).agent)) sequences.push(entry.sequence)
        if (page.entries.length === 0) return sequences
        at = page.next
      }
    }
    const append: Log['append'] = async (entries) => {
      const written: number[] = []
      const confirm = (sequences: readonly number[]): void => {
        written.push(...sequences)
        confirmed = Math.max(confirmed, (written.at(-1) ?? 0) + 1)
      }
      const unwritten = (): readonly Uint8Array[] => entries.slice(written.length)
      /** Finds out whether an append was stored. After the lease is retaken no append under the old token can arrive, so the log decides. */
      const lookUp = async (): Promise<{ readonly result: number[] } | undefined> => {
        await lease.retake()
        confirm(await unconfirmed())
        return written.length >= entries.length ? { result: written } : undefined
      }
      return attempt(async () => {
        try {
          confirm(await log.append(unwritten(), { fence: lease.fence }))
        } catch (error) {
          if (!SignalboxError.is(error, 'conflict') || lease.closing) throw error
          // The lease has run out, or another hub has it.
          const outcome = await lookUp()
          if (!outcome) confirm(await log.append(unwritten(), { fence: lease.fence }))
        }
        return written
      }, lookUp)
    }
    return {
      append,
      read: (from, options) => attempt(() => log.read(from, options)),
      tail: (from, options) => log.tail(from, options),
      trim: (before) => attempt(() => log.trim(before)),
      state: () => attempt(() => log.state()),
      [Symbol.asyncDispose]: async () => {},
    }
  }

  const steadyKv = (kv: Kv, { createOnce = false }: { readonly createOnce?: boolean }): Kv => {
    /** The version of a value that is already what it should become. */
    const versionOf = async (key: string, bytes: Uint8Array): Promise<KvVersion | undefined> => {
      const now = await kv.get(key)
      return now && sameBytes(now.bytes, bytes) ? now.version : undefined
    }
    /** Writes under the lease. The store refuses a hub that has lost it. */
    const fenced = async <Result>(write: (options: WriteOptions) => Promise<Result>): Promise<Result> => {
      const { fence } = lease
      try {
        return await write({ fence })
      } catch (error) {
        if (!SignalboxError.is(error, 'conflict') || lease.closing) throw error
        // Another call may have taken the lease again meanwhile. The next attempt waits until the lease is taken again. If another hub has it, the drive ends.
        if (lease.fence.token === fence.token) void lease.retake()
        const message = 'The hub did not hold the lease of the source during the write.'
        throw hubError({ code: 'unavailable', message, retryable: true, sent: error.sent, cause: error })
      }
    }
    return {
      get: (key) => attempt(() => kv.get(key)),
      list: (options) => attempt(() => kv.list(options)),
      put: (key, bytes) => attempt(() => fenced((options) => kv.put(key, bytes, options))),
      async compareAndSet(key, expected, bytes) {
        const write = () => fenced((options) => kv.compareAndSet(key, expected, bytes, options))
        if (expected === null && createOnce) return write()
        let unsure = false
        return attempt(
          async () => {
            const version = await write()
            // An earlier attempt may have arrived after all.
            return version === null && unsure ? ((await versionOf(key, bytes)) ?? null) : version
          },
          async () => {
            unsure = true
            const version = await versionOf(key, bytes)
            return version === undefined ? undefined : { result: version }
          },
        )
      },
      delete: (key, expected) => attempt(() => fenced((options) => kv.delete(key, expected, options))),
      [Symbol.asyncDispose]: async () => {},
    }
  }

  return {
    get waiting() {
      return waiting > 0
    },
    log: steadyLog,
    kv: (kv, options = {}) => steadyKv(kv, options),
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
