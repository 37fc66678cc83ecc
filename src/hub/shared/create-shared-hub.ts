/** A hub that shares its store with other hubs. */
import type { Hub } from '../hub.js'
import { checkNames, openHub } from '../open-hub.js'
import type { SharedHubOptions } from '../options.js'
import { openShared } from './open-shared.js'
import { prepareSource } from './prepared-source.js'

/**
 * Opens a hub that shares its store with other hubs, on this machine or on others. Each of them serves all agents to its viewers, and drives those
 * sources that it was given and whose leases it holds. Rejects with `conflict` while a hub of `createHub` drives the store.
 *
 * @example
 * ```ts
 * import { createSharedHub, type SourceFactory } from 'signalbox/hub'
 * import type { Store } from 'signalbox/store'
 *
 * declare const store: Store
 * declare const laptopSource: SourceFactory
 * await using hub = await createSharedHub({ store, name: 'laptop', sources: [laptopSource] })
 * console.log(await hub.agents())
 * ```
 */
export async function createSharedHub(options: SharedHubOptions): Promise<Hub> {
  // A factory makes a source once here, for its name. That source is the first one to be opened.
  const sources = options.sources.map(prepareSource)
  checkNames(sources.map(({ name }) => name))
  return await openHub(options, (frame) => openShared(options, sources, frame))
}
