import { useEffect, useRef } from 'preact/hooks'
import type { JSX } from 'preact'
import { Button } from '../design/button.js'
import { VIEWS } from './views.js'

/** The keys of the page. */
export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const keys: readonly (readonly [string, string])[] = [
    ['Ctrl K', 'Every command'],
    ...VIEWS.map(({ key, title }) => [`g ${key}`, title] as const),
    ['j / k', 'Next, previous row or ask'],
    ['Enter', 'Open the row'],
    ['/', 'Filter, or write a prompt'],
    ['n', 'Asks: No'],
    ['y', 'Asks: allow, pressed twice'],
    ['Esc', 'Leave a field or a dialog'],
    ['?', 'This list'],
  ]
  return (
    <dialog class="palette" ref={dialog} aria-labelledby="help-title" onClose={onClose}>
      <div class="sheet-text">
        <h2 id="help-title">Keys</h2>
        <dl>
          {keys.map(([key, what]) => [
            <dt>
              <kbd>{key}</kbd>
            </dt>,
            <dd>{what}</dd>,
          ])}
        </dl>
        <div class="row">
          <Button action="close" onClick={() => dialog.current?.close()}>
            Close
          </Button>
        </div>
      </div>
    </dialog>
  )
}
