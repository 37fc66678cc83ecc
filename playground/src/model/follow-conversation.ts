/** Reads one agent's conversation from the hub while it is shown, and goes on from its cursor after a reload of the page. */
import { signal, type ReadonlySignal } from '@preact/signals'
import type { Hub, HubCursor } from 'signalbox/hub'
import { createConversation, type Conversation } from './conversation.js'

/** A conversation that is being read. */
export interface FollowedConversation {
  readonly conversation: ReadonlySignal<Conversation>
  /** Why reading stopped for the moment. It tries again by itself. */
  readonly problem: ReadonlySignal<unknown>
  stop(): void
}

interface Saved {
  readonly agent: string
  readonly mode: string
  readonly cursor: HubCursor
  readonly conversation: Conversation
}

const KEY = 'signalbox.conversation'
const SAVED_ITEMS = 300
const RETRY_MS = 2_000

/** The conversation that was kept when the page went away. */
function readSaved(agent: string, mode: string): Saved | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Saved | null
    return kept?.agent === agent && kept.mode === mode ? kept : undefined
  } catch {
    return undefined
  }
}

/** Starts reading. `schedule` runs a function before the next frame. `turns` limits it to some turns. */
export function followConversation(
  hub: Hub,
  agent: string,
  mode: string,
  schedule: (run: () => void) => void,
  turns?: readonly string[],
): FollowedConversation {
  const reader = createConversation()
  const conversation = signal(reader.read())
  const problem = signal<unknown>(undefined)
  const stop = new AbortController()
  const saved = turns ? undefined : readSaved(agent, mode)
  let cursor: HubCursor | undefined = saved?.cursor
  let planned = false
  if (saved) reader.restore(saved.conversation)
  const flush = (): void => {
    planned = false
    conversation.value = reader.read()
  }
  const plan = (): void => {
    if (planned) return
    planned = true
    schedule(flush)
  }
  if (saved) flush()

  void (async () => {
    while (!stop.signal.aborted) {
      try {
        const watch = hub.watch({ from: cursor ?? 'oldest', agents: [agent], ...(turns ? { turns } : {}), signal: stop.signal })
        for await (const batch of watch.batches()) {
          problem.value = undefined
          reader.apply(batch)
          cursor = watch.cursor ?? cursor
          plan()
        }
        return
      } catch (error) {
        if (stop.signal.aborted) return
        problem.value = error
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  })()

  const save = (): void => {
    if (turns || !cursor) return
    const { items, plan: entries, dropped } = reader.read()
    const kept = { items: items.slice(-SAVED_ITEMS), plan: entries, dropped: dropped + Math.max(0, items.length - SAVED_ITEMS) }
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ agent, mode, cursor, conversation: kept } satisfies Saved))
    } catch {
      sessionStorage.removeItem(KEY)
    }
  }
  addEventListener('pagehide', save)
  return {
    conversation,
    problem,
    stop() {
      removeEventListener('pagehide', save)
      // Another visit in this page goes on from here too.
      save()
      stop.abort()
    },
  }
}
