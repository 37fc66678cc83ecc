import type { JSX } from 'preact'
import { count } from '../../design/format.js'
import type { SideReport } from '../../worker/lab/bench/run.js'

const ROWS = [
  ['sent', 'Sent', 'Messages that the program gave to the client.'],
  ['acknowledged', 'Acknowledged', 'The client said: delivered.'],
  ['delivered', 'Delivered', 'Different messages in the ledger of the simulator.'],
  ['ambiguous', 'Ambiguous', 'The client said: the outcome is unknown.'],
  ['failed', 'Given up', 'The client said: not delivered.'],
  ['working', 'Under way', 'The client is not finished with them.'],
  ['repeated', 'Repeated', 'How often the client tried again.'],
] as const

/** One client: what it lost and doubled, large, and the counts behind that. */
export function SideCard({
  side,
  title,
  how,
  report,
}: {
  side: 'ours' | 'plain'
  title: string
  how: string
  report: SideReport | undefined
}): JSX.Element {
  const isBad = report !== undefined && report.lost + report.doubled > 0
  const tone = report === undefined || report.sent === 0 ? 'none' : isBad ? 'bad' : 'good'
  return (
    <section class="card bench-side" data-side={side} data-tone={tone} aria-label={title}>
      <header class="row spread">
        <h2>{title}</h2>
        <Verdict report={report} />
      </header>
      <p class="small muted">{how}</p>
      <dl class="big">
        {(['lost', 'doubled'] as const).map((name) => (
          <div key={name} data-count={name} data-bad={(report?.[name] ?? 0) > 0}>
            <dt>{name === 'lost' ? 'Lost' : 'Doubled'}</dt>
            <dd class="num">{report ? count(report[name]) : '–'}</dd>
          </div>
        ))}
      </dl>
      <dl class="counts">
        {ROWS.map(([name, words, why]) => (
          <div key={name} data-count={name} title={why}>
            <dt>{words}</dt>
            <dd class="num">{report ? count(report[name]) : '–'}</dd>
          </div>
        ))}
      </dl>
      <p class="small examples" data-examples>
        {report && isBad ? <Examples report={report} /> : null}
        {report && !isBad && report.sent > 0 ? <span class="muted">No message is lost or doubled.</span> : null}
      </p>
    </section>
  )
}

function Verdict({ report }: { report: SideReport | undefined }): JSX.Element {
  if (!report || report.sent === 0) return <span class="verdict">Not run yet</span>
  const { lost, doubled, ambiguous, working } = report
  if (lost + doubled > 0) return <span class="verdict bad">✕ Not exact</span>
  const word = ambiguous > 0 ? 'Honest' : 'Exactly once'
  return <span class="verdict good">{`✓ ${word}${working > 0 ? ' so far' : ''}`}</span>
}

function Examples({ report }: { report: SideReport }): JSX.Element {
  const { lost, doubled } = report.examples
  return (
    <>
      {lost.length > 0 ? (
        <span>
          Lost: <code>{lost.join(' ')}</code>{' '}
        </span>
      ) : null}
      {doubled.length > 0 ? (
        <span>
          Doubled: <code>{doubled.join(' ')}</code>
        </span>
      ) : null}
    </>
  )
}
