/** The simulated Claude Code of the demo, with two agents. */
import { createClaude } from '../../claude/index.js'
import { claudeSource } from '../../hub/index.js'
import { createClaudeSimulator } from '../claude/simulator.js'
import { claudeModel, demoFiles } from './claude-model.js'
import type { DemoOptions, DemoSystem } from './system.js'

/** What a new session of the reviewer may choose. */
const CHOICES = { folders: ['/srv/backend', '/srv/frontend'], models: ['claude-sonnet-4-5', 'claude-opus-4-1'] }

/** Starts the simulator and connects a source to it. */
export function openClaude({ clock, wrap }: DemoOptions): DemoSystem {
  const simulator = createClaudeSimulator({ clock, model: claudeModel, files: demoFiles() })
  const client = createClaude({ transport: wrap('claude', simulator.transport) })
  const agents = [
    { name: 'review', options: { model: 'claude-sonnet-4-5', cwd: '/srv/backend' }, choices: CHOICES },
    { name: 'refactor', options: { model: 'claude-opus-4-1', cwd: '/srv/frontend' } },
  ]
  return { source: claudeSource({ client, agents, clock }), close: () => client.close() }
}
