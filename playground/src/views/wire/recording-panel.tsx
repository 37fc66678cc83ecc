import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { JSX } from 'preact'
import { Button } from '../../design/button.js'
import { count } from '../../design/format.js'
import type { RecordingFile } from './recording.js'
import type { ReplayedLink } from './replay.js'

/** A recording that was imported: what it holds, and its replay against the client with the differences. */
export function RecordingPanel({ file, name, onClose }: { file: RecordingFile; name: string; onClose: () => void }): JSX.Element {
  const links = useSignal<readonly (ReplayedLink & { readonly system: string })[]>([])
  const running = useSignal<AbortController | undefined>(undefined)
  useEffect(() => () => running.value?.abort(), [])
  const start = async (): Promise<void> => {
    const own = new AbortController()
    running.value?.abort()
    running.value = own
    links.value = []
    const { replay } = await import('./replay.js')
    for (const { system, lines } of file.recordings) {
      await replay(system, lines, (link) => (links.value = [...links.value, { ...link, system }]), own.signal)
    }
    if (running.value === own) running.value = undefined
  }
  return (
    <section class="card wire-recording" aria-label="Recording" data-recording>
      <header class="row spread">
        <h2>{name}</h2>
        <Button tone="quiet" action="close-recording" onClick={onClose}>
          Close the recording
        </Button>
      </header>
      {file.recordings.length === 0 ? <p class="small">It has no lines.</p> : null}
      <ul class="small">
        {file.recordings.map(({ system, lines }) => (
          <li key={system}>
            <span class="system" data-system={system}>
              {system}
            </span>{' '}
            {count(new Set(lines.map(({ link }) => link)).size)} links,{' '}
            {count(lines.filter(({ line }) => line !== undefined).length)} lines
          </li>
        ))}
        {file.missing.map((one) => (
          <li key={one} class="muted">
            {one}
          </li>
        ))}
      </ul>
      <p class="row">
        <Button
          tone="main"
          action="replay"
          disabled={running.value !== undefined || file.recordings.length === 0}
          onClick={() => void start()}
        >
          Replay against the client
        </Button>
        <span class="small muted" role="status" data-replayed={links.value.length}>
          {running.value ? `${count(links.value.length)} links so far` : links.value.length > 0 ? summary(links.value) : ''}
        </span>
      </p>
      <Results links={links} />
    </section>
  )
}

function summary(links: readonly ReplayedLink[]): string {
  const number = (outcome: ReplayedLink['outcome']): number => links.filter((link) => link.outcome === outcome).length
  return `Links: ${count(number('same'))} the same, ${count(number('different'))} different, ${count(number('skipped'))} skipped.`
}

/** At most so many links are listed, those with differences first. */
const MOST = 100

function Results({ links }: { links: Signal<readonly (ReplayedLink & { readonly system: string })[]> }): JSX.Element | null {
  if (links.value.length === 0) return null
  const order = { different: 0, same: 1, skipped: 2 } as const
  const sorted = [...links.value].sort((one, other) => order[one.outcome] - order[other.outcome]).slice(0, MOST)
  return (
    <ol class="wire-results">
      {sorted.map(({ system, link, call, outcome, text, differences }) => (
        <li key={`${system}${link}`} data-outcome={outcome}>
          <p class="small">
            <strong>{OUTCOMES[outcome]}</strong> {system} link {link}, <code>{call}</code>
          </p>
          <p class="mono wire-result-text">{text}</p>
          {differences.map(({ number, recorded, said }) => (
            <dl key={number} class="wire-difference">
              <dt>Recorded line {number}</dt>
              <dd class="mono">{recorded ?? 'no such line'}</dd>
              <dt>The client says now</dt>
              <dd class="mono">{said ?? 'nothing'}</dd>
            </dl>
          ))}
        </li>
      ))}
    </ol>
  )
}

const OUTCOMES = { same: '= Same', different: '≠ Different', skipped: '– Skipped' } as const
