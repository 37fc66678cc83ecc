import { useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { SignalboxError } from 'signalbox'
import { asError } from '../../app/app.js'
import type { App } from '../../app/view.js'
import { Button } from '../../design/button.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { exactSpan } from '../../design/format.js'
import { now } from '../../design/now.js'
import type { AgentRow, OpenTurn } from '../../model/agents.js'

/** The running turn and the queue, each with a button that stops it. */
export function TurnBar({ app, row, turns }: { app: App; row: AgentRow; turns: readonly OpenTurn[] }): JSX.Element | null {
  const [error, setError] = useState<SignalboxError>()
  const [stopping, setStopping] = useState<string>()
  if (turns.length === 0 && !error) return null
  const cancel = async (turn: OpenTurn): Promise<void> => {
    const state = app.connection.value
    if (state.status !== 'open') return
    setStopping(turn.id)
    setError(undefined)
    try {
      await state.connection.hub.turn(turn.id).cancel({ by: app.by })
    } catch (failure) {
      setError(asError(failure))
    } finally {
      setStopping(undefined)
    }
  }
  const queued = turns.filter(({ what }) => what === 'queued')
  return (
    <div class="turn-bar">
      {turns
        .filter(({ what }) => what !== 'queued')
        .map((turn) => {
          const why = cannotCancel(row, turn)
          return (
            <div class="row" key={turn.id} data-turn={turn.id}>
              <span class="turn-line small num">
                <strong>{row.state === 'needs_answer' ? 'Waits for an answer' : 'Running'}</strong>{' '}
                {exactSpan(Math.max(0, now.value - turn.sinceMs))}
                {turn.by ? <span class="muted">, asked by {turn.by}</span> : null}
              </span>
              <Button
                tone="bad"
                action="cancel"
                title={why ?? (row.agent.can.cancel?.keepsSession ? 'The session goes on afterwards.' : 'This ends the session.')}
                aria-disabled={why !== undefined || stopping === turn.id || undefined}
                onClick={() => why === undefined && void cancel(turn)}
              >
                {stopping === turn.id ? 'Stopping…' : 'Cancel the turn'}
              </Button>
              {why ? <span class="muted small">{why}</span> : null}
            </div>
          )
        })}
      {queued.length > 0 ? (
        <details class="queue">
          <summary>
            {queued.length} prompt{queued.length === 1 ? '' : 's'} in the queue
          </summary>
          <ol>
            {queued.map((turn) => (
              <li key={turn.id} class="row" data-turn={turn.id}>
                <span class="ellipsis">{turn.text}</span>
                <Button tone="quiet" action="cancel-queued" onClick={() => void cancel(turn)}>
                  Take it out
                </Button>
              </li>
            ))}
          </ol>
        </details>
      ) : null}
      {error ? <ErrorNotice error={error} onClose={() => setError(undefined)} /> : null}
    </div>
  )
}

function cannotCancel({ agent }: AgentRow, { what }: OpenTurn): string | undefined {
  if (!agent.can.cancel) return 'This system cannot stop a turn.'
  return what === 'unsolicited' ? 'The agent began this turn by itself.' : undefined
}
