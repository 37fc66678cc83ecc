/** What the server answers, under its own names; unknown fields come along. It leaves out every field that is empty or zero. */

/** What a later server adds comes along. */
interface Loose {
  readonly [field: string]: unknown
}

export interface CccSession extends Loose {
  /** The exact name to pass back; may hold `/`, `:`, `.` and `,`. */
  readonly name: string
  /** `local` or an alias of the server's configuration. */
  readonly host: string
  /** `active`, `idle` or `stopped`. Here an absent session shows as `idle` too: only subscribe() tells `stopped`. */
  readonly status: string
  readonly cwd?: string
  /** When its history was last written to, in Unix seconds. */
  readonly last_activity?: number
}

export interface CccMessage extends Loose {
  /** Neither unique nor rising: Claude's answers of local sessions all have 1. Never a key. */
  readonly id: number
  /** Unix seconds. */
  readonly ts: number
  /** `human`, `claude` or `api`. */
  readonly from: string
  readonly text?: string
  readonly type?: string
  readonly transcription?: string
  readonly path?: string
  readonly caption?: string
  readonly agent?: string
  readonly username?: string
}

export interface CccActivity extends Loose {
  readonly name: string
  readonly lastMessageId: number
  readonly lastMessageTs: number
  readonly lastFrom?: string
  readonly lastText?: string
}

export interface CccQuestion extends Loose {
  readonly question: string
  readonly header: string
  readonly options: readonly { readonly label: string; readonly description?: string }[]
  readonly multi_select: boolean
  readonly answered: boolean
  /** Left out by the server for 0 as well, so it means something only beside `answered`. */
  readonly answer_index: number
}

export interface CccPing extends Loose {
  readonly version: string
  readonly uptime_seconds: number
  readonly sessions_active: number
}

export interface CccQuestions extends Loose {
  readonly session: string
  readonly questions: readonly CccQuestion[]
  readonly timestamp?: unknown
}

/** The answers as they come, before what was left out is filled in. */
export interface Results {
  readonly ping: Loose
  readonly sessions: { readonly sessions?: readonly CccSession[] }
  readonly history: { readonly messages?: readonly CccMessage[] }
  readonly activity: { readonly activity?: readonly CccActivity[] }
  readonly ask: { readonly response?: string; readonly duration_ms?: number }
  readonly send: { readonly message_id?: number }
  readonly continue: Loose
  readonly screenshot: { readonly response?: string }
  readonly questions: { readonly questions?: Loose & { readonly session: string; readonly questions?: readonly CccQuestion[] } }
  readonly answer: { readonly response?: string }
}
