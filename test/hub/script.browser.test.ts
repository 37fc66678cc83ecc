/** The script of the hub in Chromium: a hub on IndexedDB, reached over a MessagePort. */
import { afterAll, describe } from 'vitest'
import { indexedDbStore } from '../../transports/web/store/indexeddb.js'
import { hubScript } from '../conformance/hub.js'
import { overMessagePort } from '../conformance/hub-links.js'
import { registerCases } from '../register-cases.js'

const databases: string[] = []
afterAll(() => {
  for (const name of databases) indexedDB.deleteDatabase(name)
})

describe('a hub on IndexedDB', () => {
  registerCases(hubScript, async (run) => {
    const openStore = () => {
      const database = `hub-${crypto.randomUUID()}`
      databases.push(database)
      return indexedDbStore({ database })
    }
    await run({ openStore, connect: overMessagePort })
  })
})
