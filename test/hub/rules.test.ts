/** The rules of the hub, in memory and on files. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { hubRules } from '../../src/testing/hub/index.js'
import { fileStore } from '../../transports/node/index.js'
import { registerCases } from '../register-cases.js'
import { hubOverLink } from './over-link.js'

describe('a hub in memory', () => {
  registerCases(hubRules, async (run) => {
    await using store = memoryStore()
    await run({ store, freshStore: async () => memoryStore(), openHub: createHub })
  })
})

describe('a hub on files', () => {
  registerCases(hubRules, async (run) => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-hub-'))
    try {
      await using store = fileStore({ directory, sync: false })
      const freshStore = async () => fileStore({ directory: join(directory, `place-${crypto.randomUUID()}`), sync: false })
      await run({ store, freshStore, openHub: createHub })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

describe('a hub behind a link', () => {
  registerCases(hubRules, async (run) => {
    await using store = memoryStore()
    await run({ store, freshStore: async () => memoryStore(), openHub: hubOverLink })
  })
})
