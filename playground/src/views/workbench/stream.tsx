import { useEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { App } from '../../app/view.js'
import type { Conversation } from '../../model/conversation.js'
import { Item } from './items.js'
import { endOfWindow, startOfWindow } from './window.js'

const NEAR_PX = 240
const AT_END_PX = 48

/** The items in sight, with some before and after. Follows the end until the reader scrolls up. */
export function Stream({ app, agent, conversation }: { app: App; agent: string; conversation: Conversation }): JSX.Element {
  const { items, dropped } = conversation
  const box = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const [start, setStart] = useState<number | undefined>(undefined)
  const follows = start === undefined
  const from = startOfWindow(items.length, start)
  const to = endOfWindow(items.length, start)

  const toBottom = (): void => {
    const target = box.current
    if (target?.dataset.follows === 'true') target.scrollTop = target.scrollHeight
  }
  useEffect(() => {
    if (!box.current || !content.current) return
    // The observer runs after the layout of a frame. A scroll from a render would need a layout of its own.
    const observer = new ResizeObserver(toBottom)
    observer.observe(box.current)
    observer.observe(content.current)
    return () => observer.disconnect()
  }, [])
  useEffect(toBottom, [follows])
  const onScroll = (): void => {
    const target = box.current
    if (!target) return
    const below = target.scrollHeight - target.scrollTop - target.clientHeight
    if (below < AT_END_PX && to === items.length) return setStart(undefined)
    if (target.scrollTop < NEAR_PX && from > 0) return setStart(Math.max(0, from - 40))
    if (below < NEAR_PX && to < items.length) return setStart(from + 40)
    if (follows && below > AT_END_PX) setStart(from)
  }
  const toEnd = (): void => setStart(undefined)
  return (
    <div class="stream-frame">
      <div
        class="stream"
        ref={box}
        onScroll={onScroll}
        data-follows={follows}
        role="log"
        aria-label="Conversation"
        aria-live="off"
        tabIndex={0}
      >
        <div ref={content}>
          {dropped > 0 && from === 0 ? (
            <p class="muted small item">{dropped} older entries are not kept in this page. The journal of the hub has them.</p>
          ) : null}
          {from > 0 ? <p class="muted small item">{from} earlier entries: scroll up.</p> : null}
          {items.slice(from, to).map((item) => (
            <Item key={item.key} app={app} agent={agent} item={item} />
          ))}
        </div>
      </div>
      {follows ? null : (
        <button type="button" class="button to-end" data-action="to-end" onClick={toEnd}>
          Follow the newest
        </button>
      )}
    </div>
  )
}
