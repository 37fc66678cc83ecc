/** The outbox of the CatSyphon client: durable where its store is, one sender for each session. */
import { memoryStore } from '../../store/memory.js'
import { openOutbox } from '../../store/outbox/outbox.js'
import type { Store } from '../../store/store.js'
import { SYSTEM } from '../errors.js'
import { retryDelay } from '../retry-config.js'
import { createDeliver } from './deliver.js'
import { createGenerationProbe } from './generation.js'
import { createSendEvents } from './send-events.js'
import type { OpenOutbox } from './types.js'
import { createWriters } from './writer.js'

/** Options of `catsyphonOutbox`. */
export interface CatsyphonOutboxOptions {
  /**
   * Where events wait. `fileStore` of `signalbox/node` and `indexedDbStore` of `signalbox/web` survive a crash; close it yourself, after
   * the client. Default: the memory of this process, which survives an outage of the server and no crash. The client reports that once,
   * as `volatile`.
   */
  readonly store?: Store
  /** Names the outbox in the store. Servers that share a store need different names. Default `catsyphon`. */
  readonly name?: string
}

/**
 * Makes the outbox of a client, for its option `outbox`.
 *
 * @example
 * ```ts
 * import { catsyphonOutbox, createCatsyphon } from 'signalbox/catsyphon'
 * import { fileStore } from 'signalbox/node'
 * import { fetchExchange } from 'signalbox/web'
 *
 * const store = fileStore({ directory: '/var/lib/my-agent/outbox' })
 * const client = await createCatsyphon({
 *   transport: fetchExchange({ baseUrl: 'http://localhost:8000', redirects: 'never' }),
 *   collectorId: '6e7e0000-0000-4000-8000-000000000000',
 *   apiKey: 'cs_live_...',
 *   outbox: catsyphonOutbox({ store }),
 * })
 * ```
 */
export function catsyphonOutbox(outboxOptions: CatsyphonOutboxOptions = {}): OpenOutbox {
  return async (host) => {
    const { http, options, clock, random, report } = host
    const { maxRequestBytes = 1_000_000, timeoutMs = 60_000, ambiguousPauseMs = 3000, batchSize = 20 } = options
    const { flushIntervalMs = 5000, maxConcurrent = 4, retryConfig, limits } = options
    const { store = memoryStore(), name = SYSTEM } = outboxOptions
    const probe = createGenerationProbe(http)
    let leaving = false
    const outbox = await openOutbox({
      ...limits,
      store,
      name,
      batchSize,
      lingerMs: flushIntervalMs,
      maxConcurrent,
      maxBatchBytes: maxRequestBytes,
      pauseMs: (failures) => retryDelay(retryConfig, failures - 1, random),
      clock,
      onReport: report,
      deliver: createDeliver({
        http,
        probe,
        clock,
        maxRequestBytes,
        timeoutMs,
        ambiguousPauseMs,
        isLeaving: () => leaving,
        isUncreated: async (parent) => outbox.pending(parent) > 0 && (await outbox.state(parent)).position === 0,
        onFilled: (sessionId, from, to) => report({ type: 'filled', sessionId, from, to }),
      }),
    })
    if (!store.durable) report({ type: 'volatile', store: store.name })
    const close = async (): Promise<void> => {
      await outbox.close()
      if (!outboxOptions.store) await store[Symbol.asyncDispose]()
    }
    try {
      await outbox.recover()
    } catch (error) {
      // The caller gets no outbox, so nobody else can end what this one has begun.
      await close().catch(() => {})
      throw error
    }
    const writers = createWriters({ outbox, clock, report })
    return {
      controls: {
        sendEvents: createSendEvents(host),
        async flush(callOptions) {
          await writers.settled()
          return await outbox.flush(callOptions)
        },
        status() {
          const { halted, counts } = outbox
          return { ...counts, pending: outbox.pending(), ...(halted && { halted }) }
        },
        deadLetters: outbox.deadLetters,
        nudge: outbox.nudge,
        setLeaving(now) {
          leaving = now
          // At once: a page that is being left runs no task after this one.
          if (now) outbox.hurry()
        },
        detectGeneration: probe.detect,
      },
      session(sessionId, tuning) {
        outbox.tune(sessionId, {
          ...(tuning.batchSize !== undefined && { batchSize: tuning.batchSize }),
          ...(tuning.flushIntervalMs !== undefined && { lingerMs: tuning.flushIntervalMs }),
        })
        return writers.of(sessionId)
      },
      resume: outbox.resume,
      close,
    }
  }
}
