import type { SignalboxError } from 'signalbox'
import type { ComponentChildren, JSX } from 'preact'

const SENT_WORDS = {
  no: 'Nothing was sent.',
  maybe: 'It may have reached the system: look before you try again.',
  yes: 'It reached the system.',
} as const

/** An error at the place of the action: what failed, whether anything was sent, and what to do. */
export function ErrorNotice({
  error,
  children,
  onClose,
}: {
  error: SignalboxError
  children?: ComponentChildren
  onClose?: () => void
}): JSX.Element {
  return (
    <div class="notice bad" role="alert" data-error={error.code} data-sent={error.sent}>
      <p>
        <strong>{error.message}</strong>
      </p>
      <p class="facts">
        <code>{error.code}</code> <code>sent: {error.sent}</code> {SENT_WORDS[error.sent]}
      </p>
      {children || onClose ? (
        <p class="row">
          {children}
          {onClose ? (
            <button type="button" class="button quiet" data-action="dismiss" onClick={onClose}>
              Dismiss
            </button>
          ) : null}
        </p>
      ) : null}
    </div>
  )
}
