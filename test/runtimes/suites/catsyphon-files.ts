/** The file driver, and the CatSyphon client over it, wherever there are files. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeClock, runCases, storeCases } from '../../../src/testing/index.js'
import { fileStore } from '../../../transports/node/index.js'
import { cases } from '../../conformance/catsyphon.js'
import type { Suite } from './environment.js'

export const fileStoreSuite: Suite = {
  name: 'file store',
  async run() {
    const root = await mkdtemp(join(tmpdir(), 'signalbox-files-'))
    try {
      const clock = createFakeClock()
      await using store = fileStore({ directory: join(root, 'main'), clock, maxBytes: 1024 * 1024 })
      const openPlace = async (place: string) => fileStore({ directory: join(root, place), clock })
      const laws = await runCases(storeCases, { store, openPlace, wait: (ms) => clock.advance(ms) })
      let count = 0
      const openStore = async () => {
        count += 1
        return fileStore({ directory: join(root, `client-${count}`) })
      }
      return [...laws, ...(await runCases(cases, { generation: 'current', openStore }))]
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  },
}
