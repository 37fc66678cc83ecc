/** The demo as sources of a hub: simulated agents, and people who prompt and answer them on a schedule. */
import { createHub, hubSource, type Hub } from '../../../../src/hub/index.js'
import { createDemo } from '../../../../src/testing/demo/world.js'
import type { OpenedSources } from './sources.js'

export interface DemoSources extends OpenedSources {
  /** Starts the schedule. It ends when the sources are closed. */
  start(hub: Hub): void
}

/**
 * Sources over simulators. They need no network and no installation. For a hub that shares its store, `machine` is the name of one source: the
 * demo then has a hub of its own, so that its agents have other names than those of a demo on another machine.
 */
export async function demoSources(machine?: string): Promise<DemoSources> {
  const demo = await createDemo()
  const over = new AbortController()
  const own = machine === undefined ? undefined : await createHub({ sources: demo.sources })
  let living: Promise<void> | undefined
  return {
    sources: own && machine !== undefined ? [hubSource({ hub: own, name: machine })] : demo.sources,
    ...(own && machine !== undefined ? { factories: [() => hubSource({ hub: own, name: machine })] } : {}),
    start(hub) {
      living ??= demo.live(own ?? hub, { signal: over.signal })
    },
    async close() {
      over.abort()
      await living
      await own?.close()
      await demo.close()
    },
  }
}
