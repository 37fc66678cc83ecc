import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { JSX } from 'preact'
import type { App, View } from '../../app/view.js'
import type { Connection } from '../../connection/connection.js'
import { Button } from '../../design/button.js'
import { CopyCode } from '../../design/copy-code.js'
import { EmptyState } from '../../design/empty-state.js'
import { span as durationText } from '../../design/format.js'
import { ATTACKS, attempt, type Attack, type AttackOutcome } from './attacks.js'
import { AuditLogTable } from './audit-log.js'
import { Credentials } from './credentials.js'
import { createGuard, type GuardState } from './state.js'
import './guard.css'

/** Tries attacks on the connected gateway, and shows its credentials and its audit log. */
export const view: View = { id: 'guard', title: 'Guard', key: 'u', Component: Guard }

function Guard({ app }: { app: App }): JSX.Element {
  const connection = app.connection.value
  if (connection.status !== 'open') return <p class="boot">Opening the hub…</p>
  const { gateway } = connection.connection
  if (gateway) return <ConnectedGuard gateway={gateway} />
  return (
    <>
      <header class="view-head">
        <h1>Guard</h1>
      </header>
      <EmptyState
        title="No gateway"
        why="The demo runs inside this page, so there is no gateway that could be attacked, and no credential and no audit log. Start one on your machine and open the address that it prints."
      >
        <CopyCode title="Start a gateway" code="npx signalbox up" open />
      </EmptyState>
    </>
  )
}

function ConnectedGuard({ gateway }: { gateway: NonNullable<Connection['gateway']> }): JSX.Element {
  const state = useMemo(() => createGuard(gateway), [gateway])
  useEffect(() => state.stop, [state])
  return (
    <>
      <header class="view-head">
        <h1>Guard</h1>
        <p class="small muted">
          The gateway at {gateway.origin}. This page has: {gateway.session.scopes.join(', ')}
        </p>
      </header>
      <div class="view-body guard-body">
        <Attacks state={state} />
        {state.isAdmin ? (
          <>
            <Credentials state={state} />
            <AuditLogTable state={state} />
          </>
        ) : (
          <section class="card guard-wide" aria-labelledby="guard-admin-title" data-needs="admin">
            <h2 id="guard-admin-title">Credentials and audit log</h2>
            <p>
              They need the scope <code>admin</code>, and the credential of this page does not have it. On the machine of the
              gateway, this command prints an address for a page that has it:
            </p>
            <CopyCode title="Make a ticket" code="signalbox gateway ticket --scopes admin" open />
          </section>
        )}
      </div>
    </>
  )
}

function Attacks({ state }: { state: GuardState }): JSX.Element {
  return (
    <section class="guard-wide" aria-labelledby="attacks-title">
      <h2 id="attacks-title">Attack it</h2>
      <p class="small muted guard-about">
        Each button sends a real request to this gateway and shows its real answer. A refusal means that no agent saw the request.
        Browsers do not let a page forge Host or Origin, send two Host headers, HTTP/1.0 or slow headers;{' '}
        <code>npm run test:attack</code> does.
      </p>
      <ul class="guard-attacks">
        {ATTACKS.map((attack) => (
          <AttackCard key={attack.id} attack={attack} state={state} />
        ))}
      </ul>
    </section>
  )
}

const VERDICTS: Readonly<Record<AttackOutcome['verdict'], string>> = {
  refused: 'Refused',
  passed: 'Not refused',
  unseen: 'Answer not visible',
}

function AttackCard({ attack, state }: { attack: Attack; state: GuardState }): JSX.Element {
  const outcome = useSignal<AttackOutcome | 'running' | undefined>(undefined)
  const run = async (): Promise<void> => {
    outcome.value = 'running'
    outcome.value = await attempt(attack, state.context)
  }
  const result = outcome.value
  return (
    <li class="card" data-attack={attack.id}>
      <div class="row spread">
        <h3>{attack.title}</h3>
        <Button
          action={`attack:${attack.id}`}
          aria-label={`Try: ${attack.title}`}
          disabled={result === 'running'}
          onClick={() => void run()}
        >
          {result === 'running' ? 'Trying…' : 'Try'}
        </Button>
      </div>
      <p class="small">{attack.what}</p>
      {attack.instead ? <p class="small muted">{attack.instead}</p> : null}
      <div role="status">
        {result && result !== 'running' ? (
          <div class="guard-result" data-verdict={result.verdict}>
            <p>
              <strong>{VERDICTS[result.verdict]}</strong> <span class="small muted num">after {durationText(result.ms)}</span>
            </p>
            {result.answers.map(({ code, text, times }) => (
              <p class="small" key={code}>
                {times === undefined ? null : <span class="num">{times} × </span>}
                <code>{code}</code> {text}
              </p>
            ))}
            {result.note ? <p class="small">{result.note}</p> : null}
          </div>
        ) : null}
      </div>
    </li>
  )
}
