import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { JSX } from 'preact'
import { SignalboxError } from 'signalbox'
import type { App } from '../../app/view.js'
import { Button } from '../../design/button.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { count, exactSpan } from '../../design/format.js'
import { formatPlan, parsePlan, PLAN_FAULTS, type BenchPlan, type BenchSystem } from '../../worker/lab/bench/plan.js'
import type { Speed } from '../../worker/lab/bench/messages.js'
import type { BenchReport } from '../../worker/lab/bench/run.js'
import { createBenchRun, type BenchRun, type BenchState } from './bench.js'
import { Curve } from './curve.js'
import { PlanForm, SYSTEM_TITLES } from './plan-form.js'
import { SideCard } from './side-card.js'
import './faults.css'

const OURS: Readonly<Record<BenchSystem, string>> = {
  ccc: 'Sends with a receipt. If the answer is lost, resolve() searches the history, and a message that is not there is sent again.',
  cccc: 'Gives each message a client id and repeats it with the same id. The daemon stores it once.',
  hub: 'Gives each prompt an id and repeats it with the same id. The hub prompts the agent once.',
  claude:
    'Repeats a prompt only if it was not sent. The CLI cannot say whether it saw a prompt, so the rest is ambiguous, and the client says so.',
  acp: 'Repeats a prompt only if it was not sent. The protocol cannot say whether an agent saw a prompt, so the rest is ambiguous, and the hub says so.',
  cmdop:
    'Repeats a prompt only if it was not sent. A core that died cannot say what it did, so the rest is ambiguous, and the client says so.',
  catsyphon:
    'Keeps each event in an outbox and sends it in order until the server has it. The server knows a repeated event by its hash.',
}
const PLAIN =
  'Sends a message, waits for an answer, and sends again when none comes, as a program without receipts does. It gives up after five attempts.'
const SPEEDS: readonly (readonly [Speed, string])[] = [
  [1, '1×'],
  [10, '10×'],
  [60, '60×'],
  [0, 'Fastest'],
]

/** The same faults on the client of this library and on a plain client, counted against the ledgers of their simulators. */
export function Faults({ app }: { app: App }): JSX.Element {
  const run = useMemo(createBenchRun, [])
  const { params } = app.route.value
  const found = useMemo(() => parsePlan(params), [params.toString()])
  const plan = useSignal<BenchPlan>(found.plan)
  const problems = useSignal(found.problems)
  useEffect(() => {
    plan.value = found.plan
    problems.value = found.problems
  }, [found])
  useEffect(() => run.close, [])
  const change = (next: BenchPlan): void => {
    plan.value = next
    problems.value = []
    // Not an entry of the history: each step of a slider would be one.
    history.replaceState(history.state, '', `#/faults?${formatPlan(next)}`)
  }
  const state = run.state.value
  const isRunning = state.status === 'running'
  return (
    <div class="faults">
      <header class="view-head">
        <h1>Faults and truth</h1>
        <p class="muted small faults-why">
          Two programs send the same messages over equally broken links. The ledger of the simulator says what really arrived.
        </p>
      </header>
      <div class="view-body faults-body">
        <div class="faults-setup">
          <section class="card" aria-label="Plan of the run">
            {problems.value.map((problem) => (
              <p key={problem} class="notice warn" role="alert">
                {problem}
              </p>
            ))}
            <PlanForm plan={plan.value} disabled={isRunning} onChange={change} />
          </section>
          <Share plan={plan.value} app={app} />
        </div>
        <div class="faults-run">
          <Controls run={run} plan={plan.value} />
          {state.status === 'failed' ? <Failure state={state} /> : null}
          <div class="sides">
            <SideCard
              side="ours"
              title="Signalbox"
              how={OURS[shownPlan(state, plan.value).system]}
              report={reportOf(state)?.ours}
            />
            <SideCard side="plain" title="Plain client" how={PLAIN} report={reportOf(state)?.plain} />
          </div>
          <Curve points={run.curve.value} lengthMs={shownPlan(state, plan.value).seconds * 1000} />
          <FaultTable report={reportOf(state)} />
        </div>
      </div>
    </div>
  )
}

const reportOf = (state: BenchState): BenchReport | undefined => ('report' in state ? state.report : undefined)
const shownPlan = (state: BenchState, next: BenchPlan): BenchPlan => ('plan' in state ? state.plan : next)

const STATES: Readonly<Record<BenchReport['state'], string>> = {
  breaking: 'The links are being broken',
  settling: 'The links work again. The clients deliver what is left',
  done: 'The run is over',
  stopped: 'Stopped early',
}

function timeWords(atMs: number, faultsMs: number): string {
  const part = atMs <= faultsMs ? 'all' : exactSpan(faultsMs)
  return `${exactSpan(atMs)} of virtual time, ${part} of it with faults.`
}

function Controls({ run, plan }: { run: BenchRun; plan: BenchPlan }): JSX.Element {
  const state = run.state.value
  const report = reportOf(state)
  const isRunning = state.status === 'running'
  const words = report
    ? `${STATES[report.state]}. ${timeWords(report.atMs, shownPlan(state, plan).seconds * 1000)}`
    : isRunning
      ? 'The simulators start.'
      : 'The run uses simulators in this page. It reaches no real system and sends nothing over the network.'
  return (
    <section class="card controls" aria-label="Run">
      {isRunning ? (
        <Button tone="bad" action="stop" onClick={run.stop}>
          Stop
        </Button>
      ) : (
        <Button tone="main" action="run" onClick={() => run.start(plan)}>
          {state.status === 'ready' ? 'Break the links' : 'Run again'}
        </Button>
      )}
      <p class="small controls-state" role="status" data-run={report?.state ?? state.status}>
        <strong>
          {SYSTEM_TITLES[shownPlan(state, plan).system]}, seed {shownPlan(state, plan).seed}
        </strong>{' '}
        {words}
      </p>
      <fieldset class="speeds">
        <legend class="hidden-text">Speed of the virtual time</legend>
        {SPEEDS.map(([speed, title]) => (
          <label key={speed} class="pick">
            <input
              type="radio"
              name="bench-speed"
              data-action={`speed:${speed}`}
              checked={run.speed.value === speed}
              onChange={() => run.setSpeed(speed)}
            />
            <span>{title}</span>
          </label>
        ))}
      </fieldset>
    </section>
  )
}

function Failure({ state }: { state: BenchState & { status: 'failed' } }): JSX.Element {
  const error = new SignalboxError({ code: 'unavailable', message: `The run failed: ${state.message}`, sent: 'no' })
  return (
    <ErrorNotice error={error}>
      <span class="small">Nothing outside this page was reached. Run it again, or copy the link for a report.</span>
    </ErrorNotice>
  )
}

function FaultTable({ report }: { report: BenchReport | undefined }): JSX.Element {
  return (
    <section class="card" aria-label="Faults so far">
      <table class="table fault-table">
        <thead>
          <tr>
            <th scope="col">Faults so far</th>
            <th scope="col" class="right">
              Signalbox
            </th>
            <th scope="col" class="right">
              Plain client
            </th>
          </tr>
        </thead>
        <tbody>
          {PLAN_FAULTS.map((fault) => (
            <tr key={fault}>
              <th scope="row">{fault}</th>
              <td class="right num">{count(report?.ours.faults[fault] ?? 0)}</td>
              <td class="right num">{count(report?.plain.faults[fault] ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="small muted">
        Both clients have the same seed and the same odds. They open different links, so the faults meet them at different moments.
      </p>
    </section>
  )
}

function Share({ plan, app }: { plan: BenchPlan; app: App }): JSX.Element {
  const address = `${location.origin}${location.pathname}#/faults?${formatPlan(plan)}`
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(address)
      app.toast('The link is in the clipboard.', 'good')
    } catch {
      app.toast('The browser did not allow the clipboard. Select the link and copy it.', 'bad')
    }
  }
  return (
    <section class="card share" aria-label="Share this run">
      <label class="field">
        Link to this run
        <input
          class="mono"
          readOnly
          value={address}
          data-action="share-link"
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      </label>
      <Button action="copy-link" onClick={() => void copy()}>
        Copy the link
      </Button>
      <p class="small muted">
        A seed and a script of faults, and no secret. The time is virtual, so the same link gives the same run everywhere.
      </p>
    </section>
  )
}
