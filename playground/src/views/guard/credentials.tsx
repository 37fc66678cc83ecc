import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { SignalboxError } from 'signalbox'
import type { CredentialInfo, TicketInfo } from 'signalbox/gateway'
import { Button } from '../../design/button.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { ago } from '../../design/format.js'
import { now } from '../../design/now.js'
import type { GuardState } from './state.js'

const KIND_WORDS: Readonly<Record<CredentialInfo['kind'], string>> = {
  owner: 'Launch token',
  session: 'Session',
  device: 'Device',
}

/** Credentials by device, with their last use, and a button that withdraws one. */
export function Credentials({ state }: { state: GuardState }): JSX.Element {
  const known = state.credentials.value
  const asked = useSignal<string | undefined>(undefined)
  const failure = useSignal<SignalboxError | undefined>(undefined)
  const withdraw = (id: string): void => {
    failure.value = undefined
    state.withdraw(id).then(
      () => {
        asked.value = undefined
      },
      (error: unknown) => {
        if (SignalboxError.is(error)) failure.value = error
      },
    )
  }
  const newest = [...(known?.credentials ?? [])].sort((left, right) => used(right) - used(left))
  return (
    <section class="card" aria-labelledby="credentials-title">
      <h2 id="credentials-title">Credentials</h2>
      {state.credentialsError.value ? <ErrorNotice error={state.credentialsError.value} /> : null}
      {failure.value ? <ErrorNotice error={failure.value} onClose={() => dismiss(failure)} /> : null}
      {known ? (
        <ul class="guard-list">
          {newest.map((one) => (
            <CredentialLine
              key={one.id}
              credential={one}
              isOwn={one.id === known.own}
              isAsked={asked.value === one.id}
              onAsk={(open) => {
                asked.value = open ? one.id : undefined
              }}
              onWithdraw={() => withdraw(one.id)}
            />
          ))}
          {known.tickets.map((ticket) => (
            <TicketLine key={ticket.id} ticket={ticket} onWithdraw={() => withdraw(ticket.id)} />
          ))}
        </ul>
      ) : (
        <p class="muted">Asking the gateway…</p>
      )}
    </section>
  )
}

const dismiss = (failure: { value: SignalboxError | undefined }): void => {
  failure.value = undefined
}
const used = ({ lastUsedAtMs, createdAtMs }: CredentialInfo): number => lastUsedAtMs ?? createdAtMs
const iso = (ms: number): string => new Date(ms).toISOString()

function CredentialLine(props: {
  credential: CredentialInfo
  isOwn: boolean
  isAsked: boolean
  onAsk(open: boolean): void
  onWithdraw(): void
}): JSX.Element {
  const { credential, isOwn } = props
  const { id, kind, scopes, upstreams, createdAtMs, lastUsedAtMs, expiresAtMs, isBound } = credential
  const name = credential.name ?? KIND_WORDS[kind]
  const nowMs = now.value
  return (
    <li data-credential={id} data-kind-of={kind}>
      <div class="guard-line">
        <h3>
          {name} {isOwn ? <span class="chip">this page</span> : null}
        </h3>
        <p class="row small">
          <span class="chip">{KIND_WORDS[kind]}</span>
          {scopes.map((scope) => (
            <span class="chip off" key={scope}>
              {scope}
            </span>
          ))}
          {isBound ? <span class="chip off">bound to a key</span> : null}
        </p>
        <p class="small muted">
          {lastUsedAtMs === undefined ? 'Never used' : `Used ${ago(iso(lastUsedAtMs), nowMs)}`} · made{' '}
          {ago(iso(createdAtMs), nowMs)}
          {expiresAtMs === undefined ? ' · no end' : ` · until ${new Date(expiresAtMs).toLocaleString('en-GB')}`}
          {upstreams ? ` · only ${upstreams.join(', ')}` : ''}
        </p>
      </div>
      {kind === 'owner' ? (
        <p class="small muted guard-owner">Ends with the gateway. No page can withdraw it.</p>
      ) : props.isAsked ? (
        <div class="guard-confirm" role="group" aria-label={`Withdraw ${name}?`}>
          <p class="small">{isOwn ? 'This page will be disconnected at once.' : 'Its links and calls end at once.'}</p>
          <p class="row">
            <Button action="keep" onClick={() => props.onAsk(false)}>
              Keep
            </Button>
            <Button tone="bad" action="withdraw-now" onClick={props.onWithdraw}>
              Withdraw
            </Button>
          </p>
        </div>
      ) : (
        <Button tone="bad" action="withdraw" aria-label={`Withdraw ${name}`} onClick={() => props.onAsk(true)}>
          Withdraw…
        </Button>
      )}
    </li>
  )
}

function TicketLine({ ticket, onWithdraw }: { ticket: TicketInfo; onWithdraw: () => void }): JSX.Element {
  const { id, scopes, expiresAtMs } = ticket
  const name = ticket.name ?? 'Ticket'
  return (
    <li data-ticket={id}>
      <div class="guard-line">
        <h3>{name}</h3>
        <p class="row small">
          <span class="chip">Ticket, not used yet</span>
          {scopes.map((scope) => (
            <span class="chip off" key={scope}>
              {scope}
            </span>
          ))}
        </p>
        <p class="small muted">Until {new Date(expiresAtMs).toLocaleTimeString('en-GB')}</p>
      </div>
      <Button tone="bad" action="withdraw-ticket" aria-label={`Withdraw ${name}`} onClick={onWithdraw}>
        Withdraw
      </Button>
    </li>
  )
}
