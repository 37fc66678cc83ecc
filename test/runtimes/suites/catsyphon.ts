/** The CatSyphon client against all three generations of its server. */
import { runCases, type CaseResult } from '../../../src/testing/index.js'
import { cases } from '../../conformance/catsyphon.js'
import type { Suite } from './environment.js'

export const catsyphonSuite: Suite = {
  name: 'catsyphon',
  async run() {
    const results: CaseResult[] = []
    for (const generation of ['sequence', 'transitional', 'current'] as const) {
      const found = await runCases(cases, { generation })
      results.push(...found.map((result) => ({ ...result, title: `${result.title} (${generation})` })))
    }
    return results
  },
}
