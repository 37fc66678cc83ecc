/** The script of the hub over every system, in the process and behind a link. */
import { runCases } from '../../../src/testing/index.js'
import { hubScript } from '../../conformance/hub.js'
import { overMemory, overMessagePort } from '../../conformance/hub-links.js'
import type { Suite } from './environment.js'

export const hubSuite: Suite = {
  name: 'hub',
  async run() {
    const inProcess = await runCases(hubScript, {})
    const behindLink = await runCases(hubScript, { connect: overMemory })
    // workerd has no MessageChannel in tests.
    const overPort = typeof MessageChannel === 'undefined' ? [] : await runCases(hubScript, { connect: overMessagePort })
    return [...inProcess, ...behindLink, ...overPort]
  },
}
