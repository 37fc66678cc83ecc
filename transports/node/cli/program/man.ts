/** The manual page, from the same table as the help. */
import type { ArgsDef } from 'citty'
import { EXIT_MEANINGS } from './exit-codes.js'
import { optionRow, PROGRAM_EXAMPLES } from './help.js'
import { COMMANDS } from './table.js'

/** What environment variables mean. */
const VARIABLES: readonly (readonly [string, string])[] = [
  ['SIGNALBOX_CONFIG', 'the configuration file; default ~/.config/signalbox/config.json'],
  ['SIGNALBOX_HUB_FOLDER', 'the folder of the hub: journal and socket; default ~/.signalbox/hub'],
  ['SIGNALBOX_HUB_SOCKET', 'the socket of the hub; default hub.sock in its folder'],
  ['NO_COLOR, FORCE_COLOR, TERM=dumb', 'no colours, colours, a screen that cannot be rewritten'],
  ['ACCESSIBLE=1', 'nothing is rewritten: no spinner'],
]

/** The page in the format of man(7). */
export async function manPage(): Promise<string> {
  const lines = [
    '.\\" Generated from the table of commands: npm run generate:cli',
    '.TH SIGNALBOX 1 "" "signalbox" "Signalbox"',
    '.SH NAME',
    'signalbox \\- every coding agent from a terminal',
    '.SH SYNOPSIS',
    '.B signalbox',
    '.I COMMAND',
    '[ARGUMENTS] [OPTIONS]',
    '.SH EXAMPLES',
    ...tagged(PROGRAM_EXAMPLES),
    '.SH COMMANDS',
  ]
  for (const [name, entry] of Object.entries(COMMANDS)) {
    if (entry.hidden) continue
    const { examples, definition } = await entry.load()
    const args = Object.entries(definition.args as ArgsDef)
    const usage = args.flatMap(([arg, { type, required }]) =>
      type === 'positional' ? [required === false ? `[${arg.toUpperCase()}]` : arg.toUpperCase()] : [],
    )
    lines.push(`.SS ${roff(['signalbox', name, ...usage].join(' '))}`, `${roff(sentence(entry.summary))}`)
    lines.push(
      ...tagged(
        args.map(([arg, given]) =>
          given.type === 'positional' ? [arg.toUpperCase(), given.description ?? ''] : optionRow([arg, given]),
        ),
      ),
    )
    lines.push('.PP', 'Examples:', ...tagged(examples))
  }
  lines.push('.SH "EXIT STATUS"', ...tagged(EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning])))
  lines.push('.SH ENVIRONMENT', ...tagged(VARIABLES))
  return `${lines.join('\n')}\n`
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const tagged = (rows: readonly (readonly [string, string])[]): readonly string[] =>
  rows.flatMap(([tag, text]) => ['.TP', `.B ${roff(tag)}`, roff(text)])

/** Text in which nothing is a command of the format. */
function roff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('`', '\\(ga')
    .replaceAll('\u2026', '...')
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped
}
