import type { SignalboxError } from 'signalbox'
import type { ComponentChildren, JSX } from 'preact'

/** Whether anything was sent, and what that means for the next step. */
export function sentWords({ code, sent, retryable }: Pick<SignalboxError, 'code' | 'sent' | 'retryable'>): string {
  if (sent === 'maybe') return 'It may have reached the system: look before you try again.'
  if (sent === 'yes') return 'It reached the system: look for its effect before you try again.'
  if (code === 'invalid_argument') return 'Nothing was sent. Correct the input, then try again.'
  return retryable ? 'Nothing was sent. You can try again.' : 'Nothing was sent.'
}

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
        <code>{error.code}</code> <code>sent: {error.sent}</code> {sentWords(error)}
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
