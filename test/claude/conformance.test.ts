/** The conformance suite over the simulator of each generation. */
import { describe, test } from 'vitest'
import { createClaudeSimulator } from '../../src/testing/index.js'
import { cases } from '../conformance/claude.js'
import { GENERATIONS } from './recordings.js'

for (const version of GENERATIONS) {
  describe(`simulated ${version}`, () => {
    for (const law of cases) {
      test(`[${law.id}] ${law.title}`, () =>
        law.run({ transport: async () => createClaudeSimulator({ version }).transport, writablePath: '/workspace/a.txt' }))
    }
  })
}
