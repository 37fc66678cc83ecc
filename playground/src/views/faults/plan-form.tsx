import type { JSX } from 'preact'
import { Button } from '../../design/button.js'
import { PLAN_FAULTS, PRESETS, LONGEST_SECONDS, type BenchPlan, type BenchSystem } from '../../worker/lab/bench/plan.js'

/** The systems of the bench, for people. */
export const SYSTEM_TITLES: Readonly<Record<BenchSystem, string>> = {
  ccc: 'CCC',
  cccc: 'CCCC',
  hub: 'Hub',
  claude: 'Claude Code',
  acp: 'ACP',
  cmdop: 'CMDOP',
  catsyphon: 'CatSyphon',
}

/** What each fault does. */
const FAULT_WORDS: Readonly<Record<(typeof PLAN_FAULTS)[number], string>> = {
  latency: 'A chunk comes up to 400 ms late.',
  stall: 'Nothing passes, and the connection stays open.',
  split: 'A chunk comes in pieces, also inside a character.',
  coalesce: 'Two chunks come as one.',
  duplicate: 'A chunk from the peer comes twice.',
  truncate: 'Half of a chunk comes, then the connection ends.',
  reset: 'The connection breaks.',
  'half-close': 'The peer sends no more.',
  kill: 'The peer dies: all its connections break, and it is away for two seconds.',
}

const STEPS = [0, 0.5, 1, 2, 3, 5, 10, 20, 30, 40, 60, 80, 100]
const nearest = (percent: number): number =>
  STEPS.reduce((best, step, index) => (Math.abs(step - percent) < Math.abs((STEPS[best] ?? 0) - percent) ? index : best), 0)

/** The plan of the next run: system, seed, minutes, faults. */
export function PlanForm({
  plan,
  disabled,
  onChange,
}: {
  plan: BenchPlan
  disabled: boolean
  onChange: (plan: BenchPlan) => void
}): JSX.Element {
  const number = (text: string, least: number, most: number, before: number): number => {
    const value = Math.round(Number(text))
    return text.trim() === '' || !Number.isFinite(value) ? before : Math.min(most, Math.max(least, value))
  }
  return (
    <form class="plan-form" onSubmit={(event) => event.preventDefault()}>
      <fieldset disabled={disabled} class="plan-systems">
        <legend>Link</legend>
        {Object.entries(SYSTEM_TITLES).map(([system, title]) => (
          <label key={system} class="pick">
            <input
              type="radio"
              name="bench-system"
              value={system}
              data-action={`system:${system}`}
              checked={plan.system === system}
              onChange={() => onChange({ ...plan, system: system as BenchSystem })}
            />
            <span>{title}</span>
          </label>
        ))}
      </fieldset>
      <fieldset disabled={disabled} class="plan-numbers">
        <legend class="hidden-text">Seed and length</legend>
        <label class="field">
          Seed
          <input
            class="num"
            inputMode="numeric"
            data-action="seed"
            value={plan.seed}
            onChange={({ currentTarget }) => onChange({ ...plan, seed: number(currentTarget.value, 0, 4_294_967_295, plan.seed) })}
          />
        </label>
        <Button
          action="other-seed"
          onClick={() => onChange({ ...plan, seed: Math.floor(Math.random() * 100_000) })}
          disabled={disabled}
        >
          Another seed
        </Button>
        <label class="field">
          Seconds of faults
          <input
            class="num"
            inputMode="numeric"
            data-action="seconds"
            value={plan.seconds}
            onChange={({ currentTarget }) =>
              onChange({ ...plan, seconds: number(currentTarget.value, 1, LONGEST_SECONDS, plan.seconds) })
            }
          />
        </label>
      </fieldset>
      <fieldset disabled={disabled} class="plan-faults">
        <legend>Faults, for each chunk of bytes</legend>
        <p class="row presets">
          {PRESETS.map(({ name, why, faults }) => (
            <Button
              key={name}
              action={`preset:${name}`}
              title={why}
              disabled={disabled}
              onClick={() => onChange({ ...plan, faults })}
            >
              {name}
            </Button>
          ))}
        </p>
        {PLAN_FAULTS.map((fault) => {
          const percent = plan.faults[fault] ?? 0
          return (
            <label key={fault} class="fault" data-fault={fault} title={FAULT_WORDS[fault]}>
              <span class="fault-name">{fault}</span>
              <input
                type="range"
                min={0}
                max={STEPS.length - 1}
                step={1}
                value={nearest(percent)}
                data-action={`fault:${fault}`}
                aria-valuetext={`${percent} percent. ${FAULT_WORDS[fault]}`}
                onInput={({ currentTarget }) =>
                  onChange({ ...plan, faults: { ...plan.faults, [fault]: STEPS[Number(currentTarget.value)] ?? 0 } })
                }
              />
              <span class="num fault-percent">{percent} %</span>
            </label>
          )
        })}
      </fieldset>
    </form>
  )
}
