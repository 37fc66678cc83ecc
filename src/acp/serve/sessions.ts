/** The sessions that an editor has opened, and which of them an event of the hub belongs to. */
import type { HubEvent } from '../../hub/model/event.js'
import type { Turn } from '../../hub/hub.js'
import { createUpdateWriter, type UpdateWriter } from './updates.js'

/** One session of the editor. */
export interface EditorSession {
  readonly id: string
  /** The session of the hub's agent; undefined until the agent names one, and for agents with a single session. */
  hubSession: string | undefined
  readonly writer: UpdateWriter
  /** Prompts of this session by their prompt id. */
  readonly turns: Map<string, Turn>
}

export interface EditorSessions {
  add(id: string, hubSession: string | undefined): EditorSession
  get(id: unknown): EditorSession | undefined
  remove(id: string): void
  /** The sessions that an event is shown in: the one whose prompt it belongs to, else every session of the same hub session. */
  of(event: HubEvent): readonly EditorSession[]
  all(): readonly EditorSession[]
}

export function createEditorSessions(options: { readonly notices: () => boolean }): EditorSessions {
  const sessions = new Map<string, EditorSession>()
  return {
    add(id, hubSession) {
      const session = { id, hubSession, writer: createUpdateWriter({ notices: options.notices() }), turns: new Map<string, Turn>() }
      sessions.set(id, session)
      return session
    },
    get: (id) => sessions.get(String(id)),
    remove: (id) => void sessions.delete(id),
    of(event) {
      for (const session of sessions.values()) {
        if (event.turn === undefined || !session.turns.has(event.turn)) continue
        session.hubSession ??= event.session
        return [session]
      }
      return [...sessions.values()].filter(({ hubSession }) => hubSession === event.session)
    },
    all: () => [...sessions.values()],
  }
}
