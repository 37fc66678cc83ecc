/** The answers of a server, with the field names of the wire. Unknown fields are kept. */

/** Fields that a later server adds are kept. */
interface Loose {
  readonly [field: string]: unknown
}

/** A session, as `sessions()` lists it. */
export interface CccSession extends Loose {
  /** The exact name to pass back; may hold `/`, `:`, `.` and `,`. */
  readonly name: string
  /** `local` or an alias of the server's configuration. */
  readonly host: string
  /** `active`, `idle` or `stopped`. `sessions()` says `idle` for a session that does not run; only `subscribe()` tells `stopped`. */
  readonly status: string
  /** Path of the project. Absent on servers of January. */
  readonly cwd?: string
  /** Time of the last entry in its history, in Unix seconds. Absent without a history, and on servers of January. */
  readonly last_activity?: number
}

/** An entry of a session's history. */
export interface CccMessage extends Loose {
  /** Neither unique nor rising, so never a key: Claude's answers of local sessions all have the id 1. */
  readonly id: number
  /** Unix seconds. */
  readonly ts: number
  /** `human`, `claude` or `api`; a later server may say something else. */
  readonly from: string
  /** Absent for voice and photo, and when it is empty. */
  readonly text?: string
  /** `voice` or `photo`; absent for texts. */
  readonly type?: string
  /** Text of a voice message. */
  readonly transcription?: string
  /** Path of the file of a photo, on the server's machine. */
  readonly path?: string
  /** Text that came with a photo. */
  readonly caption?: string
  /** Author of an `api` entry: `from` of the ask or send. */
  readonly agent?: string
  /** Name of a person in Telegram; `terminal` for a prompt that was typed at the keyboard. */
  readonly username?: string
}

/** The last history entry of a session, as `activity()` lists it. */
export interface CccActivity extends Loose {
  /** Name of the session. */
  readonly name: string
  /** 0 without a history. Does not change for Claude's local answers, which all have the id 1. */
  readonly lastMessageId: number
  /** Unix seconds; 0 without a history. */
  readonly lastMessageTs: number
  /** Author of the entry, as in the history. */
  readonly lastFrom?: string
  /** The first 100 bytes of the text. */
  readonly lastText?: string
}

/** One question that Claude asked. */
export interface CccQuestion extends Loose {
  readonly question: string
  /** A short title. */
  readonly header: string
  /** The options in their order. `answer()` takes the index of one, from 0. */
  readonly options: readonly { readonly label: string; readonly description?: string }[]
  /** More than one option may be chosen. The server takes only one. */
  readonly multi_select: boolean
  readonly answered: boolean
  /** Index of the chosen option. A missing value is 0 too, so the index counts only if `answered` is true. */
  readonly answer_index: number
}

/** The answer to a ping. */
export interface CccPing extends Loose {
  /** Four generations of servers report `1.0.0`, so the version does not tell which commands a server has. */
  readonly version: string
  /** Seconds since the server started. */
  readonly uptime_seconds: number
  /** Number of sessions. Servers of February count only the busy ones. */
  readonly sessions_active: number
}

/** The questions of one session that wait for an answer. */
export interface CccQuestions extends Loose {
  /** Name of the session. */
  readonly session: string
  /** Answered ones too, until the whole set is answered. */
  readonly questions: readonly CccQuestion[]
  /** Unix seconds. A set older than 300 s is dropped. */
  readonly timestamp?: unknown
}

/** The answers as they come. The server leaves out every field that is empty or zero. */
export interface WireAnswers {
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
