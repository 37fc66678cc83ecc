/** Reads one agent's conversation from the hub while it is shown, and goes on from its cursor after a reload of the page. */
import { signal, type ReadonlySignal } from '@preact/signals'
import type { Hub, HubCursor } from 'signalbox/hub'
import { createConversation, type Conversation, type ConversationReader } from './conversation.js'

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

/** A conversation as far as it was read. */
interface KeptConversation {
  readonly reader: ConversationReader
  cursor: HubCursor | undefined
}

/** The conversations that were shown last, so that one that is shown again is not read from its beginning. */
export type KeptConversations = Map<string, KeptConversation>

const MAX_KEPT = 8

function keptOf(all: KeptConversations, agent: string): KeptConversation {
  const known = all.get(agent) ?? { reader: createConversation(), cursor: undefined }
  // The one that was shown last is the last of the map.
  all.delete(agent)
  all.set(agent, known)
  for (const oldest of all.keys()) if (all.size > MAX_KEPT) all.delete(oldest)
  return known
}

/** The conversation that was kept when the page went away. */
function readSaved(agent: string, mode: string): Saved | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Saved | null
    return kept?.agent === agent && kept.mode === mode ? kept : undefined
  } catch {
    return undefined
  }
}

/** Starts reading where `kept` ends. `schedule` runs a function before the next frame. */
export function followConversation(
  hub: Hub,
  agent: string,
  mode: string,
  schedule: (run: () => void) => void,
  kept: KeptConversations = new Map(),
): FollowedConversation {
  const place = keptOf(kept, agent)
  const { reader } = place
  const conversation = signal(reader.read())
  const problem = signal<unknown>(undefined)
  const stop = new AbortController()
  const saved = place.cursor ? undefined : readSaved(agent, mode)
  let planned = false
  if (saved) {
    place.cursor = saved.cursor
    reader.restore(saved.conversation)
  }
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
        const watch = hub.watch({ from: place.cursor ?? 'oldest', agents: [agent], signal: stop.signal })
        for await (const batch of watch.batches()) {
          // Another reader may have gone on from this place already.
          if (stop.signal.aborted) return
          problem.value = undefined
          reader.apply(batch)
          place.cursor = watch.cursor ?? place.cursor
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
    const { cursor } = place
    if (!cursor) return
    const { items, plan: entries, dropped } = reader.read()
    const last = { items: items.slice(-SAVED_ITEMS), plan: entries, dropped: dropped + Math.max(0, items.length - SAVED_ITEMS) }
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ agent, mode, cursor, conversation: last } satisfies Saved))
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
