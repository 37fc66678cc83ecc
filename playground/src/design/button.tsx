import type { ButtonHTMLAttributes, JSX } from 'preact'

/** A button. `tone` says how much weight it has; `action` names it for tests and scripts. */
export function Button({
  tone = 'plain',
  action,
  class: extra = '',
  ...rest
}: { tone?: 'plain' | 'main' | 'good' | 'bad' | 'quiet'; action: string } & ButtonHTMLAttributes): JSX.Element {
  return <button type="button" class={`button ${tone} ${String(extra)}`} data-action={action} {...rest} />
}
