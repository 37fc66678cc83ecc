import { useEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { Command } from './view.js'

const MAX_SHOWN = 60

/** The commands that match: every word of the query occurs in the group or the title. */
export function matching(commands: readonly Command[], query: string): readonly Command[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return commands
    .filter(({ group, title }) => words.every((word) => `${group} ${title}`.toLowerCase().includes(word)))
    .slice(0, MAX_SHOWN)
}

/** Every action of the page in one list that the keyboard filters. */
export function Palette({
  commands,
  start,
  onClose,
}: {
  commands: readonly Command[]
  start: string
  onClose: () => void
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [query, setQuery] = useState(start)
  const [at, setAt] = useState(0)
  const found = matching(commands, query)
  const current = Math.min(at, found.length - 1)

  useEffect(() => dialog.current?.showModal(), [])
  useEffect(() => list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }), [current])

  const run = (command: Command | undefined): void => {
    if (!command) return
    dialog.current?.close()
    command.run()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(current + 1, found.length - 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(current - 1, 0))
    else if (event.key === 'Enter') run(found[current])
    else return
    event.preventDefault()
  }
  return (
    <dialog
      class="palette"
      ref={dialog}
      aria-label="Commands"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <input
        type="text"
        role="combobox"
        aria-label="Search commands"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[current] ? `command-${found[current].id}` : undefined}
        placeholder="What do you want to do?"
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={onKey}
      />
      <div role="listbox" id="palette-list" aria-label="Commands" ref={list} tabIndex={-1}>
        {found.map((command, index) => (
          <div
            key={command.id}
            id={`command-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            data-action={`command:${command.id}`}
            onClick={() => run(command)}
          >
            <span class="group">{command.group}</span>
            <span class="title">{command.title}</span>
            {command.key ? <kbd>{command.key}</kbd> : null}
          </div>
        ))}
      </div>
      {found.length === 0 ? <p class="sheet-text muted">No command has these words.</p> : null}
    </dialog>
  )
}
