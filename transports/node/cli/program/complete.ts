/** The words that fit what was typed so far. Loads no client: agents and asks come from the running hub's socket, within a short time. */
import { COMMANDS, names } from './table.js'

/** Words that a running hub knows. Both give nothing when no hub runs or it is slow. */
export interface CompletionWords {
  agents(): Promise<readonly string[]>
  asks(): Promise<readonly string[]>
}

const TAKES_AGENT: readonly string[] = ['ask', 'send', 'watch', 'history', 'sessions', 'acp']
const TAKES_ASK: readonly string[] = ['approve', 'deny', 'answer']
const SYSTEMS: readonly string[] = ['ccc', 'cccc', 'claude', 'cmdop', 'catsyphon']

/** Completes the last of the words. `words` are those behind the program's name. */
export async function complete(words: readonly string[], known: CompletionWords): Promise<readonly string[]> {
  const current = words.at(-1) ?? ''
  const [first] = words
  const fitting = (all: readonly string[]): readonly string[] => all.filter((word) => word.startsWith(current))
  if (words.length <= 1) return fitting([...names(), '--help', '--version'])
  const entry = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
  if (first === 'help') return fitting(names())
  if (!entry || first === undefined) return []
  if (current.startsWith('-')) {
    const { definition } = await entry.load()
    return fitting([
      ...Object.entries(definition.args ?? {}).flatMap(([name, given]) =>
        given.type === 'positional' ? [] : [given.type === 'boolean' && given.default === true ? `--no-${name}` : `--${name}`],
      ),
      '--help',
    ])
  }
  if (words.length > 2) return []
  if (TAKES_AGENT.includes(first)) return fitting(await known.agents())
  if (TAKES_ASK.includes(first)) return fitting(await known.asks())
  if (first === 'doctor' || first === 'simulate') return fitting(SYSTEMS)
  if (first === 'completion') return fitting(['bash', 'zsh', 'fish', 'powershell'])
  return []
}
