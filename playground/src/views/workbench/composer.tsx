import { useEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { SignalboxError } from 'signalbox'
import { asError } from '../../app/app.js'
import { isTyping } from '../../app/keyboard.js'
import type { App } from '../../app/view.js'
import { Button } from '../../design/button.js'
import { ErrorNotice } from '../../design/error-notice.js'
import type { WhileBusy } from 'signalbox/hub'

const BUSY_WORDS: Readonly<Record<WhileBusy, string>> = {
  queue: 'Wait for the running turn',
  interrupt: 'Stop the running turn first',
  refuse: 'Send only if it is free',
}

/** The field for a prompt, to one agent or to several. */
export function Composer({
  app,
  agents,
  session,
  onSent,
}: {
  app: App
  agents: readonly string[]
  session?: string
  onSent?: (promptIds: readonly string[]) => void
}): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null)
  const key = `signalbox.draft.${agents.join(',')}`
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? '')
  const [whileBusy, setWhileBusy] = useState<WhileBusy>('queue')
  const [sending, setSending] = useState(false)
  const [errors, setErrors] = useState<readonly { readonly agent: string; readonly error: SignalboxError }[]>([])
  const rows = agents.map((id) => app.model.agent(id).value)
  const busy = rows.some((row) => row?.state === 'running' || row?.state === 'needs_answer')
  const cannot = rows.find((row) => row && !row.agent.can.prompt)

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event) || document.querySelector('dialog[open]')) return
      event.preventDefault()
      field.current?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  const change = (value: string): void => {
    setText(value)
    if (value === '') sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, value)
  }
  const send = async (): Promise<void> => {
    const state = app.connection.value
    const words = text.trim()
    if (words === '' || sending || state.status !== 'open') return
    setSending(true)
    setErrors([])
    const options = { by: app.by, whileBusy, ...(session === undefined ? {} : { session }) }
    const turns = agents.map((agent) => state.connection.hub.prompt(agent, words, options))
    const results = await Promise.allSettled(turns.map((turn) => turn.accepted()))
    const failures = results.flatMap((result, at) =>
      result.status === 'rejected' ? [{ agent: agents[at] ?? '', error: asError(result.reason) }] : [],
    )
    setErrors(failures)
    setSending(false)
    // The text stays in the field when no agent took it.
    if (failures.length < agents.length) change('')
    onSent?.(turns.map(({ promptId }) => promptId))
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      {errors.map(({ agent, error }) => (
        <ErrorNotice key={agent} error={error} onClose={() => setErrors(errors.filter((one) => one.agent !== agent))}>
          {agents.length > 1 ? <strong>{app.model.agent(agent).peek()?.agent.name ?? agent}</strong> : null}
        </ErrorNotice>
      ))}
      <textarea
        class="input"
        ref={field}
        rows={2}
        aria-label="Prompt"
        data-action="prompt-text"
        placeholder={
          cannot
            ? `${cannot.agent.name} takes no prompts`
            : agents.length > 1
              ? `One prompt to ${agents.length} agents ( / )`
              : 'Write a prompt ( / )'
        }
        disabled={cannot !== undefined}
        value={text}
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur()
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          void send()
        }}
      />
      <div class="row">
        <Button type="submit" tone="main" action="send" aria-disabled={sending || text.trim() === '' || undefined}>
          {sending ? 'Sending…' : agents.length > 1 ? `Send to ${agents.length}` : 'Send'}
        </Button>
        {busy ? (
          <select
            class="input"
            aria-label="While the agent is busy"
            data-action="while-busy"
            value={whileBusy}
            onChange={(event) => setWhileBusy(event.currentTarget.value as WhileBusy)}
          >
            {Object.entries(BUSY_WORDS).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        ) : null}
        <span class="muted small wide-only">Enter sends, Shift Enter makes a line</span>
      </div>
    </form>
  )
}
