import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { SignalboxError } from 'signalbox'
import type { Answer, Ask } from 'signalbox/hub'
import { asError } from '../../app/app.js'
import { workLink } from '../../app/address.js'
import type { App } from '../../app/view.js'
import { CopyCode } from '../../design/copy-code.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { ago, countdown } from '../../design/format.js'
import { now } from '../../design/now.js'
import type { ClosedAsk } from '../../model/asks.js'
import { answerCall } from '../../model/code.js'
import { AnswerForm } from './answer-form.js'
import { consequence, essence } from './consequence.js'
import { answerWords, givenAnswers } from './given.js'
import './asks.css'

/** Buttons do nothing for this long after an ask appears, so that a click that was meant for something else does not answer it. */
const INERT_MS = 500

const DELIVERED_WORDS = {
  no: 'nobody answered',
  maybe: 'whether it arrived is unknown',
  written: 'written to the connection; the system gives no proof',
  yes: 'the system confirmed it',
  rejected: 'the system refused it',
} as const

/** One ask with everything that is needed to answer it. */
export function AskCard({
  app,
  ask,
  closed,
  selected,
}: {
  app: App
  ask: Ask
  closed?: ClosedAsk
  selected?: boolean
}): JSX.Element {
  const card = useRef<HTMLElement>(null)
  const hadFocus = useRef(false)
  const [inert, setInert] = useState(true)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<SignalboxError>()
  const answers = givenAnswers(app)
  const given = answers.get(ask.id)
  const row = app.model.agent(ask.agent).value
  useEffect(() => {
    const timer = setTimeout(() => setInert(false), INERT_MS)
    return () => clearTimeout(timer)
  }, [])
  useEffect(() => {
    if (selected) card.current?.scrollIntoView({ block: 'nearest' })
  }, [selected])

  const answer = async (value: Answer): Promise<void> => {
    const state = app.connection.value
    if (inert || busy || state.status !== 'open') return
    hadFocus.current = card.current?.contains(document.activeElement) ?? false
    setBusy(true)
    setError(undefined)
    try {
      await state.connection.hub.answer(ask.id, value, { by: app.by })
      // A secret is gone after its use.
      if (!('secret' in value)) answers.set(ask.id, value)
    } catch (failure) {
      setError(asError(failure))
    } finally {
      setBusy(false)
    }
  }
  // The buttons are gone when the ask is closed. The focus that was on one of them goes to the card and not to the start of the page.
  useLayoutEffect(() => {
    if (closed && hadFocus.current && document.activeElement === document.body) card.current?.focus({ preventScroll: true })
  }, [closed])
  const body = essence(ask)
  return (
    <article
      class="ask card"
      ref={card}
      tabIndex={-1}
      data-ask={ask.id}
      data-kind={ask.kind}
      data-danger={ask.danger}
      data-closed={closed?.outcome}
      data-selected={selected || undefined}
      data-inert={inert || undefined}
      aria-label={`${ask.title}, ${row?.agent.name ?? ask.agent}`}
    >
      <header class="row spread">
        <div class="row">
          <AskKindMark ask={ask} />
          <h2>{ask.title}</h2>
          {ask.danger === 'high' ? <span class="chip danger">Dangerous</span> : null}
        </div>
        <span class="muted small num">
          asked {ago(ask.askedAt, now.value)}
          {!closed && ask.expiresAt ? (
            <span
              class="expiry"
              title={
                ask.defaultsToNo
                  ? 'Without an answer by then, the system takes it for a No.'
                  : 'Without an answer by then, the agent goes on.'
              }
            >
              {', '}
              expires in {countdown(Date.parse(ask.expiresAt) - now.value)}
            </span>
          ) : null}
        </span>
      </header>
      <p class="small">
        <a href={workLink(ask.agent)} data-action="open-agent">
          {row?.agent.name ?? ask.agent}
        </a>{' '}
        <span class="system" data-system={row?.agent.system}>
          {row?.agent.system}
        </span>
        {ask.tool && ask.tool !== ask.title ? <span class="muted"> wants to use {ask.tool}</span> : null}
      </p>
      {body ? (
        <figure class="essence">
          <figcaption>{body.label}</figcaption>
          <pre tabIndex={0}>{body.body}</pre>
        </figure>
      ) : null}
      {ask.detail && body?.body !== ask.detail ? <p class="small">{ask.detail}</p> : null}
      {closed ? (
        <Closing closed={closed} me={app.by} given={given} />
      ) : (
        <>
          <p class="consequence small">
            <strong>{ask.kind === 'secret' ? 'If you give it: ' : ask.kind === 'question' ? 'Then: ' : 'If you allow it: '}</strong>
            {consequence(ask, row?.agent)}
            {ask.defaultsToNo ? <span class="muted"> Without an answer it counts as No.</span> : null}
          </p>
          <AnswerForm ask={ask} disabled={inert || busy || ask.status === 'answering'} onAnswer={(value) => void answer(value)} />
        </>
      )}
      {error ? (
        <ErrorNotice error={error} onClose={() => setError(undefined)}>
          {error.code === 'conflict' ? <span>Another person answered first. The card says who.</span> : null}
        </ErrorNotice>
      ) : null}
      {closed && given ? <CopyCode title="The call, as TypeScript" code={answerCall(ask.id, given, app)} /> : null}
    </article>
  )
}

function AskKindMark({ ask }: { ask: Ask }): JSX.Element {
  const words = { permission: 'Permission', question: 'Question', confirm: 'Plan', secret: 'Secret' }[ask.kind]
  return <span class="ask-kind">{words}</span>
}

/** Who answered, from where, and how far the answer came. */
export function Closing({ closed, me, given }: { closed: ClosedAsk; me: string; given?: Answer | undefined }): JSX.Element {
  const { ask, outcome, by, delivered, note, closedMs } = closed
  const what = by === me && given ? answerWords(ask, given) : undefined
  const words =
    outcome === 'answered'
      ? `${by?.startsWith('policy:') ? `The policy ${by.slice(7)}` : by === me ? `You (${me})` : (by ?? 'Somebody outside the hub')} answered${what === undefined ? '' : `: ${what}`}`
      : outcome === 'expired'
        ? 'It expired: nobody answered in time'
        : outcome === 'withdrawn'
          ? 'The agent took it back, or its turn ended'
          : 'The process that asked is gone, and nobody had answered'
  return (
    <p class="closing small" data-outcome={outcome} data-delivered={delivered}>
      <strong>{words}.</strong>{' '}
      <span class="muted">
        {sentence(ago(new Date(closedMs).toISOString(), now.value))}
        {outcome === 'answered' ? ` ${sentence(DELIVERED_WORDS[delivered])}` : ''}
        {note ? ` Note: ${note}.` : ''}
      </span>
    </p>
  )
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
