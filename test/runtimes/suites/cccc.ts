/** The CCCC client against the three dialects of its daemon. */
import { createCcccSimulator, runCases, type CaseResult } from '../../../src/testing/index.js'
import { cases } from '../../conformance/cccc.js'
import type { Suite } from './environment.js'

export const ccccSuite: Suite = {
  name: 'cccc',
  async run() {
    const results: CaseResult[] = []
    for (const dialect of ['A', 'B', 'C'] as const) {
      await using simulator = createCcccSimulator({ dialect })
      const { transport } = simulator
      const found = await runCases(cases, { transport, dialect, implementation: 'simulator', projectPath: '/home/dev/project' })
      results.push(...found.map((result) => ({ ...result, title: `${result.title} (dialect ${dialect})` })))
    }
    return results
  },
}
