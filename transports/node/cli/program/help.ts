/** The help texts: examples first. Only the table of commands is loaded for the list of all commands. */
import type { ArgDef, ArgsDef } from 'citty'
import { styleOf, table } from '../terminal/style.js'
import type { Terminal } from '../terminal/terminal.js'
import type { Command } from './command.js'
import { EXIT_MEANINGS } from './exit-codes.js'
import { COMMANDS } from './table.js'

/** What a person may type first. */
export const PROGRAM_EXAMPLES: readonly (readonly [string, string])[] = [
  ['signalbox up --demo', 'try it with simulated agents'],
  ['signalbox ls', 'which agents are there'],
  ['signalbox ask ccc/backend "Which tests fail?"', 'prompt one and read the answer'],
  ['signalbox watch', 'see what all of them do'],
  ['signalbox asks', 'see what they wait for'],
]

const indent = (text: string): string => text.replace(/^(?=.)/gm, '  ')

/** The help of the program. */
export function programHelp(terminal: Terminal): string {
  const { bold, cyan } = styleOf(terminal)
  const width = Math.max(40, terminal.columns - 2)
  const groups = new Map<string, (readonly [string, string])[]>()
  for (const [name, { group, summary, hidden }] of Object.entries(COMMANDS)) {
    if (hidden) continue
    groups.set(group, [...(groups.get(group) ?? []), [cyan(name.padEnd(12)), summary]])
  }
  return [
    `${bold('signalbox')}: every coding agent from a terminal\n`,
    indent(table(PROGRAM_EXAMPLES, width)),
    '',
    ...[...groups].flatMap(([group, rows]) => [bold(group), indent(table(rows, width)), '']),
    `${bold('signalbox COMMAND --help')} shows what a command takes, with examples.\n`,
  ].join('\n')
}

/** The help of one command. */
export async function commandHelp(name: string, { examples, definition }: Command, terminal: Terminal): Promise<string> {
  const { bold } = styleOf(terminal)
  const width = Math.max(40, terminal.columns - 2)
  const args = Object.entries((await resolve(definition.args)) ?? {})
  const positional = args.filter(([, { type }]) => type === 'positional')
  const options = args.filter(([, { type }]) => type !== 'positional')
  const usage = positional.map(([arg, { required }]) => (required === false ? `[${arg}]` : arg).toUpperCase())
  return [
    `${COMMANDS[name]?.summary ?? ''}\n`,
    bold('Examples'),
    indent(table(examples, width)),
    '',
    bold('Usage'),
    `  signalbox ${[name, ...usage].join(' ')}${options.length > 0 ? ' [OPTIONS]' : ''}`,
    '',
    ...(positional.length > 0
      ? [
          indent(
            table(
              positional.map(([arg, { description = '' }]) => [arg.toUpperCase(), description]),
              width,
            ),
          ),
          '',
        ]
      : []),
    ...(options.length > 0 ? [bold('Options'), indent(table(options.map(optionRow), width)), ''] : []),
  ].join('\n')
}

/** An option as a person types it, and its description. */
export function optionRow([name, given]: readonly [string, ArgDef]): readonly [string, string] {
  const aliases = 'alias' in given ? [given.alias ?? []].flat() : []
  const short = aliases.map((alias) => `-${alias}, `)
  // An option that is on by default is useful only to switch it off.
  if (given.type === 'boolean' && given.default === true)
    return [`--no-${name}`, given.negativeDescription ?? given.description ?? '']
  const value = given.type === 'boolean' || given.type === undefined ? '' : ` ${(given.valueHint ?? 'value').toUpperCase()}`
  return [`${short.join('')}--${name}${value}`, given.description ?? '']
}

/** The table of exit codes. */
export function exitCodeHelp(): string {
  return table(
    EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
    100,
  )
}

async function resolve(args: unknown): Promise<ArgsDef | undefined> {
  return (typeof args === 'function' ? await args() : await args) as ArgsDef | undefined
}
