/** Every command with one line about it. A command's own code is loaded when it is called. */
import type { Command } from './command.js'

export interface Entry {
  readonly summary: string
  readonly group: 'Run' | 'Agents' | 'Questions' | 'Record' | 'Machine' | 'Connect' | 'Help'
  /** Not shown in the help. */
  readonly hidden?: true
  load(): Promise<Command>
}

const entry = (
  group: Entry['group'],
  summary: string,
  load: () => Promise<{ readonly default: Command }>,
  hidden?: true,
): Entry => ({ group, summary, load: async () => (await load()).default, ...(hidden ? { hidden } : {}) })

export const COMMANDS: Readonly<Record<string, Entry>> = {
  up: entry('Run', 'run the hub of this machine', () => import('../commands/up.js')),
  down: entry('Run', 'stop the hub of this machine', () => import('../commands/down.js')),
  status: entry('Run', 'show whether the hub runs and what it knows', () => import('../commands/status.js')),
  ls: entry('Agents', 'list the agents and what they do', () => import('../commands/ls.js')),
  ask: entry('Agents', 'prompt an agent and print its answer', () => import('../commands/ask.js')),
  send: entry('Agents', 'prompt an agent and do not wait for the answer', () => import('../commands/send.js')),
  watch: entry('Agents', 'print what agents do, as it happens', () => import('../commands/watch.js')),
  history: entry('Agents', 'print the past of an agent', () => import('../commands/history.js')),
  sessions: entry('Agents', 'list the sessions of an agent', () => import('../commands/sessions.js')),
  cancel: entry('Agents', 'stop the turn of a prompt', () => import('../commands/cancel.js')),
  asks: entry('Questions', 'list the open questions of all agents', () => import('../commands/asks.js')),
  approve: entry('Questions', 'answer a question with yes', () => import('../commands/approve.js')),
  deny: entry('Questions', 'answer a question with no', () => import('../commands/deny.js')),
  answer: entry('Questions', 'answer a question with an option, a text or a secret', () => import('../commands/answer.js')),
  record: entry('Record', 'write what agents do, or what a client says, into a file', () => import('../commands/record.js')),
  replay: entry('Record', 'print a recording, or let it answer for an agent', () => import('../commands/replay.js')),
  doctor: entry('Machine', 'show what is on this machine and how to repair it', () => import('../commands/doctor.js')),
  detect: entry('Machine', 'the old name of doctor', () => import('../commands/doctor.js'), true),
  config: entry('Machine', 'check the configuration file', () => import('../commands/config.js')),
  simulate: entry('Machine', 'run a simulated system on a real socket', () => import('../commands/simulate.js')),
  gateway: entry('Connect', 'let web pages and workers reach the agents of this machine', () => import('../commands/gateway.js')),
  acp: entry('Connect', 'let an editor drive an agent (Agent Client Protocol)', () => import('../commands/acp.js')),
  completion: entry('Help', 'print a completion script for a shell', () => import('../commands/completion.js')),
  version: entry('Help', 'print the version', () => import('../commands/version.js')),
}

/** The names that a person may type. */
export const names = (): readonly string[] => Object.entries(COMMANDS).flatMap(([name, { hidden }]) => (hidden ? [] : [name]))
