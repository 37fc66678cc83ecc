/** The messages between a hub and its clients: one JSON line each, for many calls and watches over one link. */
import type { HubCursor } from '../model/cursor.js'
import type { HubEvent } from '../model/event.js'

/** The permission that a method needs. */
export type HubScope = 'observe' | 'send' | 'approve' | 'admin'

/** Every method of the wire and the permission that it needs. A method that is not here needs `admin`. */
export const HUB_SCOPES = {
  agents: 'observe',
  asks: 'observe',
  turn: 'observe',
  history: 'observe',
  sessions: 'observe',
  spent: 'observe',
  budgets: 'observe',
  watch: 'observe',
  /** `stop` ends a watch. `more` asks for the next line of its events. */
  stop: 'observe',
  more: 'observe',
  prompt: 'send',
  cancel: 'send',
  openSession: 'send',
  closeSession: 'send',
  answer: 'approve',
} as const satisfies Readonly<Record<string, HubScope>>

/** The methods of the wire. */
export type HubMethod = keyof typeof HUB_SCOPES

/** A line from a client. `id` counts up and names the call or the watch. */
export interface HubRequest {
  /** A number that no other open call or watch of this link has. The replies carry it. */
  readonly id: number
  /** An unknown method is answered with `unsupported`. */
  readonly method: HubMethod
  /** The arguments by name. Left out for none. */
  readonly params?: Readonly<Record<string, unknown>>
}

/** An error on the wire: the facts of a `SignalboxError` that make sense in another process. */
export interface WireError {
  /** A code of `SignalboxError`. A client reads an unknown code as `remote`. */
  readonly code: string
  /** One sentence for people. */
  readonly message: string
  /** Whether the request reached the agent's system: `no`, `maybe` or `yes`. */
  readonly sent: string
  /** The system that failed. Left out for the hub itself. */
  readonly system?: string
  /** What that system calls the failure. */
  readonly remoteCode?: string
  /** Whether the same call may work later. */
  readonly retryable?: boolean
}

/** A line from a hub. */
export type HubReply = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: WireError }
  /** Events of a watch. `cursor` is the position after the last one. Absent while a snapshot is not complete. */
  | { readonly events: readonly HubEvent[]; readonly cursor?: HubCursor }
  /** A watch is over. */
  | { readonly end: true }
)

/** Lines of events that a hub sends before the client has asked for more. */
export const WATCH_WINDOW = 8
/** Events in one line. */
export const MAX_EVENTS_A_LINE = 256
