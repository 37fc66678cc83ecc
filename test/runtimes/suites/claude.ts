/** The Claude client against the in-memory CLI of each generation. */
import { createClaudeSimulator, runCases, type CaseResult } from '../../../src/testing/index.js'
import { cases } from '../../conformance/claude.js'
import type { Suite } from './environment.js'

const GENERATIONS = ['2.0.76', '2.1.197', '2.1.329']

export const claudeSuite: Suite = {
  name: 'claude',
  async run() {
    const results: CaseResult[] = []
    for (const version of GENERATIONS) {
      const transport = async () => createClaudeSimulator({ version }).transport
      const found = await runCases(cases, { transport, writablePath: '/workspace/a.txt' })
      results.push(...found.map((result) => ({ ...result, title: `${result.title} (${version})` })))
    }
    return results
  },
}
