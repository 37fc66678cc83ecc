/** The queue of the CatSyphon client over the generic outbox: durable where its store is, one sender for each session. */
import { openOutbox } from '../../store/outbox.js'
import { memoryStore } from '../../store/memory.js'
import type { Store } from '../../store/store.js'
import { SYSTEM } from '../errors.js'
import type { OpenQueue } from '../queue.js'
import { retryDelay } from '../retry-config.js'
import { createDeliver } from './deliver.js'
import { createGenerationProbe } from './generation.js'
import { createSendEvents } from './send-events.js'
import { createWriters } from './writer.js'

export interface CatsyphonOutboxOptions {
  /**
   * Where events wait. `fileStore` of `signalbox/node` and `indexedDbStore` of `signalbox/web` survive a crash; yours to
   * close, after the client. Default: the memory of this process, which rides out an outage of the server and no crash. The client
   * reports that once, as `volatile`.
   */
  readonly store?: Store
  /** Names the outbox in the store. Give servers that share a store different names. Default `catsyphon`. */
  readonly name?: string
}

/** For the client's option `outbox`. */
export function catsyphonOutbox({ store: given, name = SYSTEM }: CatsyphonOutboxOptions = {}): OpenQueue {
  return async (host) => {
    const { http, options, clock, random, report } = host
    const { maxRequestBytes = 1_000_000, timeoutMs = 60_000, ambiguousPauseMs = 3000, batchSize = 20 } = options
    const { flushIntervalMs = 5000, maxConcurrent = 4, retryConfig, limits } = options
    const store = given ?? memoryStore()
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
        isUnborn: async (parent) => outbox.pending(parent) > 0 && (await outbox.state(parent)).position === 0,
        onFilled: (sessionId, from, to) => report({ type: 'filled', sessionId, from, to }),
      }),
    })
    if (!store.durable) report({ type: 'volatile', store: store.name })
    const close = async (): Promise<void> => {
      await outbox.close()
      if (!given) await store[Symbol.asyncDispose]()
    }
    try {
      await outbox.recover()
    } catch (error) {
      // Nobody gets the queue, so nobody else could end what it has begun.
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
