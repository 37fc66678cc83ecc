/** The store suite over the memory driver, because bytes, random names and generators differ between runtimes. */
import { memoryStore } from '../../../src/store/index.js'
import { createFakeClock, runCases, storeCases } from '../../../src/testing/index.js'
import type { Suite } from './environment.js'

export const storeSuite: Suite = {
  name: 'stores',
  async run() {
    const clock = createFakeClock()
    await using store = memoryStore({ clock })
    return await runCases(storeCases, { store, wait: (ms) => clock.advance(ms) })
  },
}
