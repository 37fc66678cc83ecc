/** Runs one command line: finds the command, checks the options, runs it, and turns an error into a message and an exit code. */
import { runCommand, type ArgsDef } from 'citty'
import { SignalboxError } from '../../../../src/errors.js'
import { printable } from '../terminal/style.js'
import type { Terminal } from '../terminal/terminal.js'
import type { Command, HubWish, OpenedHub, Program } from './command.js'
import { EXIT, exitCodeFor } from './exit-codes.js'
import { commandHelp, exitCodeHelp, programHelp } from './help.js'
import { nearest } from './suggest.js'
import { COMMANDS, names } from './table.js'

export interface RunOptions {
  readonly terminal: Terminal
  readonly version: string
  openHub(wish: HubWish): Promise<OpenedHub>
}

/** Runs the program and gives its exit code. Nothing that it opened is left open. */
export async function run(argv: readonly string[], { terminal, version, openHub }: RunOptions): Promise<number> {
  const [first, ...rest] = argv
  if (first === '--version' || first === '-V') {
    terminal.out(`${version}\n`)
    return EXIT.ok
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help')
    return help(rest, first === undefined, terminal)
  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
  if (!entry) {
    terminal.err(`There is no command "${first}". ${hintFor(first, 'signalbox ', rest)}\n`)
    return EXIT.usage
  }
  const found = await entry.load()
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(await commandHelp(first, found, terminal))
    return EXIT.ok
  }
  return execute(first, found, rest, { terminal, version, openHub })
}

function hintFor(typed: string, before: string, rest: readonly string[] = []): string {
  const near = nearest(typed, names())
  return near ? `Did you mean: ${before}${[near, ...rest].join(' ')}` : 'signalbox --help lists the commands.'
}

async function help([topic]: readonly string[], missing: boolean, terminal: Terminal): Promise<number> {
  if (topic === 'man') {
    terminal.out(await (await import('./man.js')).manPage())
    return EXIT.ok
  }
  if (topic === 'exit-codes') {
    terminal.out(`${exitCodeHelp()}\n`)
    return EXIT.ok
  }
  const entry = topic !== undefined && Object.hasOwn(COMMANDS, topic) ? COMMANDS[topic] : undefined
  if (topic !== undefined && entry) {
    terminal.out(await commandHelp(topic, await entry.load(), terminal))
    return EXIT.ok
  }
  if (topic !== undefined) {
    terminal.err(`There is no command "${topic}". ${hintFor(topic, 'signalbox help ')}\n`)
    return EXIT.usage
  }
  const text = programHelp(terminal)
  if (missing) terminal.err(text)
  else terminal.out(text)
  return missing ? EXIT.usage : EXIT.ok
}

async function execute(name: string, { definition }: Command, rawArgs: readonly string[], options: RunOptions): Promise<number> {
  const { terminal, version, openHub } = options
  const args = definition.args as ArgsDef
  const problem = checkOptions(name, args, rawArgs)
  if (problem !== undefined) {
    terminal.err(`${problem}\n`)
    return EXIT.usage
  }
  const interrupted = new AbortController()
  const ignore = terminal.onInterrupt(() => interrupted.abort(new SignalboxError({ code: 'aborted', message: 'Interrupted.' })))
  let opened: Promise<OpenedHub> | undefined
  const program: Program = {
    terminal,
    version,
    signal: interrupted.signal,
    hub(wish = {}) {
      opened ??= openHub(wish)
      return opened
    },
  }
  try {
    const { result } = await runCommand(definition, { rawArgs: [...rawArgs], data: program })
    return typeof result === 'number' ? result : EXIT.ok
  } catch (error) {
    if (isUsage(error)) {
      terminal.err(`${plain(error.message)} signalbox ${name} --help shows what it takes.\n`)
      return EXIT.usage
    }
    const message = error instanceof Error ? error.message : String(error)
    const hint = SignalboxError.is(error, 'not_found') ? await agentHint(message, opened) : ''
    terminal.err(`${printable(message)}${hint}\n`)
    return exitCodeFor(error)
  } finally {
    ignore()
    const hub = await opened?.catch(() => undefined)
    await hub?.hub.close().catch(() => {})
  }
}

/** For an unknown agent: the id that is nearest, or where the ids are listed. */
async function agentHint(message: string, opened: Promise<OpenedHub> | undefined): Promise<string> {
  const [, id] = /^There is no agent (\S+?)\.?$/.exec(message) ?? []
  if (id === undefined || !opened) return ''
  const agents = await opened.then(({ hub }) => hub.agents()).catch(() => [])
  const near = nearest(
    id,
    agents.map((agent) => agent.id),
  )
  return near === undefined ? ' signalbox ls lists the agents.' : ` Did you mean ${near}?`
}

/** What is wrong with the options: one that the command does not know, or one without its value. */
export function checkOptions(name: string, args: ArgsDef, rawArgs: readonly string[]): string | undefined {
  const known = new Map<string, boolean>()
  for (const [key, definition] of Object.entries(args)) {
    if (definition.type === 'positional') continue
    const takesValue = definition.type === 'string' || definition.type === 'enum'
    const aliases = 'alias' in definition ? [definition.alias ?? []].flat() : []
    for (const alias of [key, ...aliases]) known.set(alias, takesValue)
  }
  const positionals = Object.values(args).filter(({ type }) => type === 'positional').length
  let count = 0
  for (let index = 0; index < rawArgs.length; index += 1) {
    const word = rawArgs[index] as string
    if (word === '--') {
      count += rawArgs.length - index - 1
      break
    }
    if (!word.startsWith('-') || word === '-') {
      count += 1
      continue
    }
    const [flag = '', value] = word.replace(/^--?(?:no-)?/, '').split(/=(.*)/s)
    const takesValue = known.get(flag)
    if (takesValue === undefined) {
      const near = nearest(
        flag,
        [...known.keys()].filter((key) => key.length > 1),
      )
      return `${name} has no option ${word.split('=')[0]}. ${near ? `Did you mean --${near}?` : `signalbox ${name} --help lists them.`}`
    }
    if (!takesValue) continue
    if (value === undefined) index += 1
    const given = value ?? rawArgs[index]
    // An unset shell variable gives an empty value, which must not count as a choice.
    if (given === undefined || given === '') return `--${flag} is given without a value.`
  }
  return count > positionals
    ? `${name} takes ${positionals} argument${positionals === 1 ? '' : 's'}, and ${count} are given. Put a text with spaces in quotes.`
    : undefined
}

/** An error of citty, about the words of the command line. */
const isUsage = (error: unknown): error is Error => error instanceof Error && error.name === 'CLIError'

const plain = (text: string): string => `${text.replace(/\x1b\[[0-9;]*m/g, '').replace(/\.?$/, '.')}`
