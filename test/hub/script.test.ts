/** The script over a simulator of every system: on files, behind a link, over a MessagePort, and through the gateway from Node and Chromium. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { fileStore } from '../../transports/node/index.js'
import { hubScript } from '../conformance/hub.js'
import { overMemory, overMessagePort } from '../conformance/hub-links.js'
import { registerCases } from '../register-cases.js'
import { hasChromium, openChromiumPage, type ChromiumPage } from './chromium-page.js'
import { overGateway } from './over-gateway.js'

describe('the script over a hub on files', () => {
  registerCases(hubScript, async (run) => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-script-'))
    try {
      await run({ openStore: () => fileStore({ directory, sync: false }) })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
describe('the script over a hub behind a link', () => registerCases(hubScript, (run) => run({ connect: overMemory })))
describe('the script over a hub over a MessagePort', () => registerCases(hubScript, (run) => run({ connect: overMessagePort })))
describe('the script over a hub behind a gateway, from Node [hub.script.gateway]', () =>
  registerCases(hubScript, (run) => run({ connect: overGateway })))
describe.skipIf(!hasChromium)('the script over a hub behind a gateway, from Chromium [hub.script.chromium]', () => {
  let page: ChromiumPage
  beforeAll(async () => {
    page = await openChromiumPage()
  })
  afterAll(() => page[Symbol.asyncDispose]())
  registerCases(hubScript, (run) => run({ play: page.play }))
})
