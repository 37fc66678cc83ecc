/** The simulated systems of the demo, and the sources over them. */
import { createClaude } from 'signalbox/claude'
import { claudeSource, type Source } from 'signalbox/hub'
import { createClaudeSimulator } from 'signalbox/testing'
import { claudeModel, demoFiles } from './demo/claude-model.js'
import type { Through } from './lab/lab.js'
import type { DemoGroup } from './late/cccc.js'
import { lateSource } from './late-source.js'

/** The parts of the simulated systems that the scripted people need. */
export interface Systems {
  /** The group of the simulated CCCC daemon, once the daemon is loaded. */
  readonly group: Promise<DemoGroup>
}

/**
 * Starts the simulators and gives the sources for a hub. Claude Code is there at once, the others a moment later. `through`
 * wraps the transport of each system before its client gets it.
 */
export function createSystems(through: Through = (_system, transport) => transport): {
  readonly systems: Systems
  readonly sources: readonly Source[]
} {
  const claude = createClaudeSimulator({ model: claudeModel, files: demoFiles() })
  let foundGroup: (group: DemoGroup) => void = () => {}
  const group = new Promise<DemoGroup>((resolve) => {
    foundGroup = resolve
  })
  const sources = [
    claudeSource({
      client: createClaude({ transport: through('claude', claude.transport) }),
      agents: [
        { name: 'review', options: { model: 'claude-sonnet-4-5', cwd: '/srv/backend' } },
        { name: 'refactor', options: { model: 'claude-opus-4-1', cwd: '/srv/frontend' } },
      ],
    }),
    lateSource('acp', ['cancel', 'answer', 'expire', 'resolve', 'history', 'sessions'], async () =>
      (await import('./late/acp.js')).openAcp(through),
    ),
    lateSource('ccc', ['cancel', 'answer', 'resolve', 'history', 'receiptFor'], async () =>
      (await import('./late/ccc.js')).openCcc(through),
    ),
    lateSource('cccc', ['resolve', 'receiptFor'], async () => {
      const { source, ...found } = await (await import('./late/cccc.js')).openCccc(through)
      foundGroup(found)
      return source
    }),
    lateSource('cmdop', ['answer', 'expire', 'history'], async () => (await import('./late/cmdop.js')).openCmdop(through)),
  ]
  return { systems: { group }, sources }
}
