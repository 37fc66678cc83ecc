/** The demo as sources of a hub: simulated agents, and people who prompt and answer them on a schedule. */
import type { Hub } from '../../../../src/hub/index.js'
import { createDemo } from '../../../../src/testing/demo/world.js'
import type { OpenedSources } from './sources.js'

export interface DemoSources extends OpenedSources {
  /** Starts the schedule. It ends when the sources are closed. */
  start(hub: Hub): void
}

/** Sources over simulators. They need no network and no installation. */
export async function demoSources(): Promise<DemoSources> {
  const demo = await createDemo()
  const over = new AbortController()
  let living: Promise<void> | undefined
  return {
    sources: demo.sources,
    start(hub) {
      living ??= demo.live(hub, { signal: over.signal })
    },
    async close() {
      over.abort()
      await living
      await demo.close()
    },
  }
}
