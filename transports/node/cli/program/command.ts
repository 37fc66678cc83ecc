/** What a command of the program is. Arguments are citty's, so that parsing and types are not ours. */
import type { ArgsDef, CommandContext, CommandDef } from 'citty'
import type { Hub } from '../../../../src/hub/index.js'
import type { Terminal } from '../terminal/terminal.js'

/** What every command gets beside its arguments. */
export interface Program {
  readonly terminal: Terminal
  readonly version: string
  /** Aborts when the program is interrupted the first time. */
  readonly signal: AbortSignal
  /** The running hub, or a hub of this process over the systems of this machine. Opened when first asked for; closed by the program. */
  hub(options?: HubWish): Promise<OpenedHub>
}

export interface HubWish {
  /** Only this agent is needed, so a hub of this process opens only its system. */
  readonly agent?: string
  /** Fail with `unreachable` when no hub runs, in place of opening one. */
  readonly running?: boolean
  /** Called when the connection to the running hub is lost, and when it is back. */
  readonly onConnection?: (state: 'lost' | 'back') => void
}

export interface OpenedHub {
  readonly hub: Hub
  /** False for a hub of this process, which ends with the program. */
  readonly shared: boolean
}

/** A command. `run` gives the exit code; undefined is 0. */
export interface Command {
  /** Commands and their effects. Shown first in the help. */
  readonly examples: readonly (readonly [string, string])[]
  readonly definition: CommandDef<ArgsDef>
}

/** Types the arguments of a command from their definition. */
export function command<const Args extends ArgsDef>(given: {
  readonly examples: Command['examples']
  readonly args: Args
  readonly run: (args: CommandContext<Args>['args'], program: Program) => Promise<number | undefined>
}): Command {
  const { examples, args, run } = given
  const definition: CommandDef<Args> = {
    args,
    run: ({ args: parsed, data }) => run(parsed, data as Program),
  }
  return { examples, definition: definition as unknown as CommandDef<ArgsDef> }
}

/** Arguments that several commands share. */
export const JSON_ARG = {
  json: { type: 'boolean', description: 'Print JSON: one document, or one line for each event of a stream' },
} as const
export const TIMEOUT_ARG = {
  timeout: { type: 'string', description: 'Give up after this time, such as 30s or 5m', valueHint: 'time' },
} as const
/** How to connect to a NATS server. */
export const NATS_ARGS = {
  'nats-creds': { type: 'string', description: 'with --nats: a file with the credentials of a user', valueHint: 'file' },
  'nats-ca': {
    type: 'string',
    description: "with --nats: the certificate of the authority that signed the server's",
    valueHint: 'file',
  },
} as const
