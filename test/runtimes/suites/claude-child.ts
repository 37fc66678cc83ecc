/** The Claude client over real children, where there are any: the fake CLI of the package, started, spoken to and ended by this runtime. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCases } from '../../../src/testing/index.js'
import { claudeProcess } from '../../../transports/node/index.js'
import { cases } from '../../conformance/claude.js'
import type { Suite } from './environment.js'

export const claudeChildSuite: Suite = {
  name: 'claude in a child',
  async run() {
    const room = await mkdtemp(join(tmpdir(), 'signalbox-claude-runtime-'))
    const env = { ANTHROPIC_API_KEY: 'sk-ant-fake', CLAUDE_CONFIG_DIR: join(room, 'config'), FAKE_CLAUDE_VERSION: '2.1.329' }
    const path = fileURLToPath(import.meta.resolve('signalbox/testing/fake-claude'))
    try {
      const transport = claudeProcess({ path, cwd: room, env })
      return await runCases(cases, { transport: async () => transport, writablePath: join(room, 'a.txt'), startMs: 4_000 })
    } finally {
      await rm(room, { recursive: true, force: true })
    }
  },
}
