import type { ReadonlySignal, Signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import { count, preciseTime } from '../../design/format.js'
import type { WireMessage } from './decode.js'

const ROW = 30
const OVERSCAN = 12
const ARROWS = { in: '←', out: '→', event: '·', fault: '✕' } as const
/** The direction of a row, for people. */
export const DIRECTIONS = {
  in: 'from the peer',
  out: 'to the peer',
  event: 'event of the link',
  fault: 'fault on purpose',
} as const

/**
 * The rows: only those in sight are in the page. The newest is at the bottom, and the list follows it until the reader moves away.
 *
 * Long because the position, the focus and the keyboard share the list.
 */
export function MessageList({
  rows,
  selected,
  follow,
}: {
  rows: ReadonlySignal<readonly WireMessage[]>
  selected: Signal<number | undefined>
  follow: Signal<boolean>
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 600 })
  const all = rows.value
  const first = Math.max(0, Math.min(all.length, Math.floor(view.top / ROW)) - OVERSCAN)
  const last = Math.min(all.length, Math.ceil((view.top + view.height) / ROW) + OVERSCAN)
  const at = all.findIndex(({ id }) => id === selected.value)

  useEffect(() => {
    const target = box.current
    if (!target) return
    const read = (): void => setView({ top: target.scrollTop, height: target.clientHeight })
    const observer = new ResizeObserver(read)
    observer.observe(target)
    read()
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    const target = box.current
    if (!target || !follow.value) return
    target.scrollTop = target.scrollHeight
    setView({ top: target.scrollTop, height: target.clientHeight })
  }, [all, follow.value])

  const onScroll = ({ currentTarget: target }: { currentTarget: HTMLElement }): void => {
    const isAtEnd = target.scrollTop + target.clientHeight >= target.scrollHeight - ROW
    if (follow.value !== isAtEnd) follow.value = isAtEnd
    setView({ top: target.scrollTop, height: target.clientHeight })
  }
  const choose = (index: number): void => {
    const row = all[Math.max(0, Math.min(all.length - 1, index))]
    const target = box.current
    if (!row || !target) return
    selected.value = row.id
    const top = all.indexOf(row) * ROW
    if (top < target.scrollTop) target.scrollTop = top
    else if (top + ROW > target.scrollTop + target.clientHeight) target.scrollTop = top + ROW - target.clientHeight
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(view.height / ROW) - 1)
    const start = at === -1 ? all.length : at
    const next = {
      ArrowDown: start + 1,
      ArrowUp: start - 1,
      PageDown: start + page,
      PageUp: start - page,
      Home: 0,
      End: all.length - 1,
    }[event.key]
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    choose(next)
  }
  return (
    <div
      class="wire-list"
      ref={box}
      role="listbox"
      aria-label="Messages, oldest first"
      aria-activedescendant={at >= first && at < last && at !== -1 ? `wire-${selected.value}` : undefined}
      tabIndex={0}
      data-action="messages"
      data-total={all.length}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" class="wire-rows" style={{ height: `${all.length * ROW}px` }}>
        {all.slice(first, last).map((row, index) => (
          <div
            key={row.id}
            id={`wire-${row.id}`}
            role="option"
            aria-selected={row.id === selected.value}
            aria-setsize={all.length}
            aria-posinset={first + index + 1}
            class="wire-row"
            data-message={row.id}
            data-type={row.type}
            data-link={row.link}
            style={{ transform: `translateY(${(first + index) * ROW}px)` }}
            onClick={() => {
              selected.value = row.id
            }}
          >
            <span class="num wire-time">{preciseTime(row.at)}</span>
            <span class="system" data-system={row.system}>
              {row.system}
            </span>
            <span class="num wire-link">#{row.link}</span>
            <span class="wire-arrow" aria-hidden="true">
              {ARROWS[row.type]}
            </span>
            <span class="hidden-text">{DIRECTIONS[row.type]}</span>
            <span class="wire-label">{row.label}</span>
            <span class="wire-text mono">{row.text}</span>
            <span class="num wire-size">{row.size > 0 ? `${count(row.size)} B` : ''}</span>
          </div>
        ))}
      </div>
    </div>
  )
}
