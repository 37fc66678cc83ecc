import { useState } from 'preact/hooks'
import type { JSX } from 'preact'
import { Button } from './button.js'

/** A folded piece of code with a button that copies it. */
export function CopyCode({ title, code, open }: { title: string; code: string; open?: boolean }): JSX.Element {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no')
  const copy = (): void => {
    navigator.clipboard.writeText(code).then(
      () => setCopied('yes'),
      () => setCopied('failed'),
    )
  }
  return (
    <details class="code" open={open}>
      <summary>{title}</summary>
      <div class="code-body">
        <pre tabIndex={0}>{code}</pre>
        <Button tone="quiet" action="copy" onClick={copy}>
          {copied === 'yes' ? 'Copied' : copied === 'failed' ? 'The browser refused: select the text' : 'Copy'}
        </Button>
      </div>
    </details>
  )
}
