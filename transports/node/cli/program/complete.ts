/** The completions for the typed words. Loads no client: agents and asks come from the running hub's socket, within a short time. */
import type { ArgsDef } from 'citty'
import { COMMANDS, names } from './table.js'

/** Words that a running hub knows. Both give nothing when no hub runs or it is slow. */
export interface CompletionWords {
  agents(): Promise<readonly string[]>
  asks(): Promise<readonly string[]>
}

const TAKES_AGENT: readonly string[] = ['ask', 'send', 'watch', 'history', 'sessions']
const TAKES_ASK: readonly string[] = ['approve', 'deny', 'answer']
const SYSTEMS: readonly string[] = ['ccc', 'cccc', 'claude', 'cmdop', 'catsyphon']
/** The words that the first argument of a command may be. */
const FIRST_WORDS: Readonly<Record<string, readonly string[]>> = {
  completion: ['bash', 'zsh', 'fish', 'powershell'],
  config: ['check', 'path', 'schema'],
  doctor: SYSTEMS,
  gateway: ['audit', 'credentials', 'revoke', 'ticket', 'tickets'],
  simulate: SYSTEMS,
}
/** The words that an option may have as its value, where the definition of the command does not say. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  from: ['oldest'],
  offer: ['all', ...SYSTEMS],
  scopes: ['observe', 'send', 'approve', 'admin'],
  wire: ['ccc', 'cccc', 'hub'],
}

/** Completes the last of the words. `words` are those behind the program's name. */
export async function complete(words: readonly string[], known: CompletionWords): Promise<readonly string[]> {
  const current = words.at(-1) ?? ''
  const [first] = words
  const fitting = (all: readonly string[]): readonly string[] => all.filter((word) => word.startsWith(current))
  if (words.length <= 1) return fitting([...names(), '--help', '--version'])
  const entry = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
  if (first === 'help') return fitting(names())
  if (!entry || first === undefined) return []
  const options = (await entry.load()).definition.args as ArgsDef
  const before = words.at(-2) ?? ''
  if (words.length > 2 && before.startsWith('--')) {
    const name = before.slice(2)
    const given = Object.hasOwn(options, name) ? options[name] : undefined
    if (given?.type === 'enum') return fitting(given.options ?? [])
    if (given?.type === 'string') return fitting(name === 'agent' ? await known.agents() : (VALUES[name] ?? []))
  }
  if (current.startsWith('-')) {
    const names = Object.entries(options).flatMap(([name, given]) => {
      if (given.type === 'positional') return []
      return [given.type === 'boolean' && given.default === true ? `--no-${name}` : `--${name}`]
    })
    return fitting([...names, '--help'])
  }
  if (words.length > 2) return []
  if (TAKES_AGENT.includes(first)) return fitting(await known.agents())
  if (TAKES_ASK.includes(first)) return fitting(await known.asks())
  return fitting(Object.hasOwn(FIRST_WORDS, first) ? (FIRST_WORDS[first] ?? []) : [])
}
