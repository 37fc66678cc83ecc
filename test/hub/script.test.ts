/** The same script over every system: in the process, behind a link and over a MessagePort. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { fileStore } from '../../transports/node/index.js'
import { hubScript } from '../conformance/hub.js'
import { overMemory, overMessagePort } from '../conformance/hub-links.js'
import { registerCases } from '../register-cases.js'

describe('the script over a hub on files [hub.script]', () => {
  registerCases(hubScript, async (run) => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-script-'))
    try {
      await run({ openStore: () => fileStore({ directory, sync: false }) })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
describe('the script over a hub behind a link [hub.script]', () => registerCases(hubScript, (run) => run({ connect: overMemory })))
describe('the script over a hub over a MessagePort [hub.script]', () =>
  registerCases(hubScript, (run) => run({ connect: overMessagePort })))
