/** A store on NATS JetStream. */
import type { NatsConnection } from '@nats-io/nats-core'
import { systemClock, type Clock } from '../../src/core/clock.js'
import { checkKey, checkPosition, storeClosed } from '../../src/store/rules.js'
import type { Store } from '../../src/store/store.js'
import { createFences } from './fences.js'
import { createJetStream } from './jetstream.js'
import { createNatsKv } from './kv.js'
import { createNatsLease } from './lease.js'
import { createNatsLog } from './log.js'
import { subjectsFor } from './names.js'
import { openStream } from './stream.js'

/** Options of `natsStore`. */
export interface NatsStoreOptions {
  /** The caller's connection. The store does not close it. Give it `maxReconnectAttempts: -1`, so that it survives a restart of the server. */
  readonly connection: NatsConnection
  /**
   * The beginning of every subject of the store, and the name of its stream. Stores with the same prefix share their content. Letters,
   * digits and hyphens, with dots between them. Default `signalbox`.
   */
  readonly prefix?: string
  /** How many servers of a cluster keep a copy: 1, 3 or 5. Used when the stream is made. Default 1. */
  readonly replicas?: number
  /** The most bytes of the whole stream. A full stream refuses writes and keeps what it has. Used when the stream is made. Default: no limit. */
  readonly maxBytes?: number
  /** The JetStream domain, for example behind a leaf node. */
  readonly domain?: string
  /** How long a call tries while the server is gone or elects a leader. Default 5,000. */
  readonly timeoutMs?: number
  /** The time of leases. Default: the system's clock. */
  readonly clock?: Clock
}

/**
 * A store in one JetStream stream, for several machines. It runs wherever the connection does: Node, Bun, Deno, and in a page over
 * WebSocket. Needs nats-server 2.14 or newer: an older one gives `incompatible` at the first use.
 *
 * @example
 * ```ts
 * import { wsconnect } from '@nats-io/nats-core'
 * import { natsStore } from 'signalbox/nats'
 *
 * const connection = await wsconnect({ servers: 'wss://nats.example.com', maxReconnectAttempts: -1 })
 * await using store = natsStore({ connection, prefix: 'team', replicas: 3 })
 * const log = await store.log('events')
 * await log.append([new TextEncoder().encode('hello')])
 * ```
 */
export function natsStore(options: NatsStoreOptions): Store {
  const { connection, prefix = 'signalbox', replicas = 1, maxBytes = -1, domain, timeoutMs = 5000, clock = systemClock } = options
  checkPosition(replicas, 'replicas', 1)
  checkPosition(timeoutMs, 'timeoutMs', 1)
  if (maxBytes !== -1) checkPosition(maxBytes, 'maxBytes', 1)
  const subjects = subjectsFor(prefix)
  const api = domain === undefined ? '$JS.API' : `$JS.${domain}.API`
  const jetstream = createJetStream({ connection, stream: subjects.stream, api, timeoutMs, clock })
  const fences = createFences(jetstream, subjects)
  const handles = new Set<AsyncDisposable>()
  let opening: Promise<void> | undefined
  let closed: Promise<void> | undefined

  const ready = (): Promise<void> => {
    opening ??= openStream(jetstream, connection, subjects, { replicas, maxBytes }).catch((error: unknown) => {
      // A failure is not kept: at the next call the server may be back, or upgraded.
      opening = undefined
      throw error
    })
    return opening
  }
  const open = async <Handle extends AsyncDisposable>(name: string, make: (release: () => void) => Handle): Promise<Handle> => {
    checkKey(name, 'name')
    const checkOpen = (): void => {
      if (closed) throw storeClosed('The NATS store')
    }
    checkOpen()
    await ready()
    checkOpen()
    const handle: Handle = make(() => void handles.delete(handle))
    handles.add(handle)
    return handle
  }

  return {
    name: 'nats',
    durable: true,
    log: (name) => open(name, (release) => createNatsLog({ jetstream, subjects, fences, name }, release)),
    kv: (name) => open(name, (release) => createNatsKv({ jetstream, subjects, fences, name }, release)),
    lease: (name) => open(name, (release) => createNatsLease({ jetstream, subjects, fences, name }, release)),
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        await Promise.all([...handles].map((handle) => handle[Symbol.asyncDispose]()))
        jetstream.close()
      })()
      return closed
    },
  }
}
