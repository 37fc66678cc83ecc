import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { AuditEntry } from 'signalbox/gateway'
import { ErrorNotice } from '../../design/error-notice.js'
import { count } from '../../design/format.js'
import type { GuardState, LogLine } from './state.js'

const SHOWN = 200
const EVENT_WORDS: Readonly<Record<AuditEntry['event'], string>> = {
  refused: 'Refused',
  opened: 'Opened',
  closed: 'Closed',
  op: 'Message',
  admin: 'Administration',
  credential: 'Credential',
  folded: 'Not listed',
}

const isRefusal = ({ event, outcome }: AuditEntry): boolean =>
  event === 'refused' || (outcome !== undefined && outcome !== 'passed')

/** The audit log, newest first. It holds still while the pointer or the focus is inside. */
export function AuditLogTable({ state }: { state: GuardState }): JSX.Element {
  const log = state.log.value
  const held = useSignal<readonly LogLine[] | undefined>(undefined)
  const onlyRefused = useSignal(false)
  const lines = held.value ?? log.lines
  const fresh = held.value ? newer(log.lines, held.value) : 0
  const chosen = lines.filter(({ entry }) => !onlyRefused.value || isRefusal(entry))
  const hold = (): void => {
    held.value ??= state.log.peek().lines
  }
  const release = (): void => {
    held.value = undefined
  }
  return (
    <section class="card guard-log" aria-labelledby="audit-title">
      <div class="row spread">
        <h2 id="audit-title">Audit log</h2>
        <p class="row small">
          <span class="muted" role="status" data-log={log.status}>
            {log.status === 'live'
              ? fresh > 0
                ? `Held still: ${count(fresh)} new`
                : 'Live'
              : log.status === 'opening'
                ? 'Opening…'
                : 'Broken'}
          </span>
          <label class="guard-filter">
            <input
              type="checkbox"
              data-action="only-refused"
              checked={onlyRefused.value}
              onChange={(event) => {
                onlyRefused.value = event.currentTarget.checked
              }}
            />{' '}
            Only refusals
          </label>
        </p>
      </div>
      {log.error ? (
        <>
          <ErrorNotice error={log.error} />
          <p class="small muted">The page tries again every two seconds.</p>
        </>
      ) : null}
      {log.missed > 0 ? (
        <p class="small">This page was too slow for {count(log.missed)} entries. The file on the machine has them.</p>
      ) : null}
      <div
        class="guard-scroll"
        role="region"
        aria-label="Entries, newest first"
        tabIndex={0}
        onPointerEnter={hold}
        onPointerLeave={release}
        onFocusCapture={hold}
        onBlurCapture={release}
      >
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">Operation</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {chosen.slice(0, SHOWN).map(({ n, entry }) => (
              <tr key={n} data-entry={entry.event} data-outcome={entry.outcome}>
                <td class="num">{new Date(entry.time).toLocaleTimeString('en-GB')}</td>
                <td>{entry.name ?? entry.credential ?? <span class="muted">nobody</span>}</td>
                <td>
                  {EVENT_WORDS[entry.event] ?? entry.event}
                  {entry.upstream ? <span class="muted"> · {entry.upstream}</span> : null}
                  {entry.count === undefined ? null : <span class="muted"> × {count(entry.count)}</span>}
                </td>
                <td class="mono">{entry.op ?? ''}</td>
                <td class={isRefusal(entry) ? 'guard-bad' : undefined}>{entry.outcome ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {chosen.length === 0 ? (
          <p class="muted small guard-none">{onlyRefused.value ? 'Nothing was refused.' : 'No entry yet.'}</p>
        ) : null}
      </div>
      {chosen.length > SHOWN ? (
        <p class="small muted">
          The newest {SHOWN} of {count(chosen.length)}. `signalbox gateway audit` shows the rest.
        </p>
      ) : null}
    </section>
  )
}

/** How many entries came after the held list was taken. */
function newer(lines: readonly LogLine[], held: readonly LogLine[]): number {
  return (lines[0]?.n ?? 0) - (held[0]?.n ?? 0)
}
