/** The plan of a run: which system, which seed, how long and which faults. Its text form is the share link. */
import type { Fault } from 'signalbox/testing'

/** The systems of the bench. `hub` is a hub behind a link of its own. */
export const BENCH_SYSTEMS = ['ccc', 'cccc', 'hub', 'claude', 'acp', 'cmdop', 'catsyphon'] as const
export type BenchSystem = (typeof BENCH_SYSTEMS)[number]

/** The faults that a plan can hold, in the order in which the page lists them. */
export const PLAN_FAULTS = [
  'latency',
  'stall',
  'split',
  'coalesce',
  'duplicate',
  'truncate',
  'reset',
  'half-close',
  'kill',
] as const satisfies readonly Fault[]

/** How likely each fault is for a chunk, in percent. */
export type Percents = Readonly<Partial<Record<Fault, number>>>

export interface BenchPlan {
  readonly system: BenchSystem
  readonly seed: number
  /** Virtual seconds of faults. After them the link works, and both clients may finish. */
  readonly seconds: number
  readonly faults: Percents
}

export const DEFAULT_PLAN: BenchPlan = {
  system: 'ccc',
  seed: 7,
  seconds: 600,
  faults: { latency: 20, stall: 0.5, split: 20, duplicate: 2, reset: 3, 'half-close': 2, kill: 0.5 },
}

/** Ready-made faults, by name. */
export const PRESETS: readonly { readonly name: string; readonly why: string; readonly faults: Percents }[] = [
  { name: 'Everything', why: 'All faults, each now and then.', faults: DEFAULT_PLAN.faults },
  { name: 'Bad radio', why: 'Late and split chunks, and links that stall.', faults: { latency: 60, split: 40, stall: 2 } },
  { name: 'Falling server', why: 'The peer dies and comes back.', faults: { kill: 3, 'half-close': 3 } },
  { name: 'Cut cable', why: 'Every tenth chunk ends the connection.', faults: { reset: 10, truncate: 3 } },
  { name: 'No fault', why: 'A working link: both clients must be perfect.', faults: {} },
]

export const LONGEST_SECONDS = 3_600

/** The text of a plan for the address of the page. It holds no secret. */
export function formatPlan({ system, seed, seconds, faults }: BenchPlan): string {
  const script = PLAN_FAULTS.flatMap((fault) => ((faults[fault] ?? 0) > 0 ? [`${fault}:${faults[fault]}`] : [])).join(',')
  return `system=${system}&seed=${seed}&seconds=${seconds}&faults=${script}`
}

/** Reads a plan. Values that no plan can have are replaced by defaults; `problems` names them. */
export function parsePlan(params: URLSearchParams): { readonly plan: BenchPlan; readonly problems: readonly string[] } {
  const problems: string[] = []
  const whole = (name: 'seed' | 'seconds', most: number): number => {
    const text = params.get(name)
    const value = Number(text)
    if (text === null) return DEFAULT_PLAN[name]
    if (text.trim() !== '' && Number.isInteger(value) && value >= (name === 'seed' ? 0 : 1) && value <= most) return value
    problems.push(`${name} must be a whole number up to ${most}. The default ${DEFAULT_PLAN[name]} is used.`)
    return DEFAULT_PLAN[name]
  }
  const system = (params.get('system') ?? DEFAULT_PLAN.system) as BenchSystem
  const isKnown = BENCH_SYSTEMS.includes(system)
  if (!isKnown) problems.push(`The bench has no such system. ${DEFAULT_PLAN.system} is used.`)
  const script = params.get('faults')
  const faults = script === null ? DEFAULT_PLAN.faults : parseFaults(script, problems)
  return {
    plan: {
      system: isKnown ? system : DEFAULT_PLAN.system,
      seed: whole('seed', 4_294_967_295),
      seconds: whole('seconds', LONGEST_SECONDS),
      faults,
    },
    problems,
  }
}

/** Reads a script such as `latency:20,reset:3`. */
function parseFaults(script: string, problems: string[]): Percents {
  const faults: Partial<Record<Fault, number>> = {}
  for (const part of script.split(',').filter((one) => one.trim() !== '')) {
    const [name = '', text = ''] = part.trim().split(':', 2)
    const fault = PLAN_FAULTS.find((one) => one === name)
    const percent = Number(text)
    if (!fault) problems.push('The script names a fault that the kit does not have. It is left out.')
    else if (text === '' || !(percent >= 0 && percent <= 100))
      problems.push(`${fault} needs a percentage from 0 to 100. It is left out.`)
    else if (percent > 0) faults[fault] = percent
  }
  return faults
}
