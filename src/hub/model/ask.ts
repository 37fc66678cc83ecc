/** A question of an agent to a person, and its possible answers. */
import type { AgentId } from './agent-id.js'

/** `permission`: may a tool run. `question`: options or free text. `confirm`: yes or no to a plan. `secret`: a PIN or a password. */
export type AskKind = 'permission' | 'question' | 'confirm' | 'secret'

/**
 * `open` until the first answer wins. `answering` while the answer is on its way. `lost`: the process that asked is gone and
 * nobody had answered. `withdrawn`: the agent took the question back, or its turn ended.
 */
export type AskStatus = 'open' | 'answering' | 'answered' | 'expired' | 'withdrawn' | 'lost'

/** How an ask ended. */
export type AskOutcome = 'answered' | 'expired' | 'withdrawn' | 'lost'

/**
 * What is known about an answer on its way to the agent. `written`: handed to the connection. `yes`: the system proved it.
 * `rejected`: the system refused it, such as a wrong PIN. `maybe`: the hub died meanwhile, or the connection did.
 */
export type Delivered = 'no' | 'maybe' | 'written' | 'yes' | 'rejected'

/** One of the choices of an ask. */
export interface AskOption {
  /** Answer with this id. */
  readonly id: string
  /** A few words for a button. */
  readonly label: string
  /** What the choice means, if the system explains it. */
  readonly description?: string
  /** What the choice does. A policy picks `allow_once` or `reject_once`. Absent when the system does not say. */
  readonly kind?: 'allow_once' | 'allow_always' | 'reject_once' | 'reject_always' | 'choice'
}

/** One question of an ask that holds several. */
export interface AskQuestion {
  /** The key of this question in `{ answers }`. */
  readonly id: string
  /** The question, for people. */
  readonly text: string
  /** The choices. May be empty when `freeText` is set. */
  readonly options: readonly AskOption[]
  /** More than one option may be chosen. */
  readonly multiple?: boolean
  /** A text of one's own is allowed. */
  readonly freeText?: boolean
}

/** A question of an agent to a person. The hub keeps it from its arrival, even when no viewer is connected. */
export interface Ask {
  /** `<agent>#<epoch>#<native id>`: an answer can only reach the ask that it was given for. */
  readonly id: string
  /**
   * Decides which answers fit: `permission` and `confirm` take `option` or `accept`, `question` takes `option` or `answers`,
   * `secret` takes `secret`. `{ accept: false }` refuses any of them.
   */
  readonly kind: AskKind
  /** The agent that asks. */
  readonly agent: AgentId
  /** The session that asks. Absent when the system does not say. */
  readonly session?: string
  /** The turn whose tool use asked. Absent when the system does not say. */
  readonly turn?: string
  /** One line for people. */
  readonly title: string
  /** More text for people, such as the command that the tool would run. */
  readonly detail?: string
  /** The tool that asks for permission, for policies. */
  readonly tool?: string
  /** Files and folders that the tool would touch, for policies. */
  readonly paths?: readonly string[]
  /** The input of the tool, as the system gave it. */
  readonly input?: unknown
  /** How dangerous the system says the tool is. Absent when the system does not say. */
  readonly danger?: 'low' | 'medium' | 'high'
  /** Silence counts as a refusal at the system. */
  readonly defaultsToNo?: boolean
  /** Several questions in one ask: answer with `{ answers }`. */
  readonly questions?: readonly AskQuestion[]
  /** The choices of the ask: answer with `{ option }`. */
  readonly options?: readonly AskOption[]
  /** An accepting answer may carry a changed `input`. */
  readonly editableInput?: boolean
  /** When the hub took the ask, as an ISO time. */
  readonly askedAt: string
  /** When the ask expires, as an ISO time. Absent when it never does. */
  readonly expiresAt?: string
  /** Only an `open` ask can be answered. */
  readonly status: AskStatus
  /** Who answered. */
  readonly by?: string
}

/** An answer. Its shape must fit the ask: the hub checks that first, and a wrong answer leaves the ask open. */
export type Answer =
  | { readonly option: string }
  /** By the id of each question: the id of an option, several ids, or a free text. */
  | { readonly answers: Readonly<Record<string, string | readonly string[]>> }
  | { readonly accept: boolean; readonly message?: string; readonly input?: unknown }
  /** Never stored, logged, recorded or shown. */
  | { readonly secret: string }

/** The outcome of an answer that won. */
export interface AnswerResult {
  /** The ask that was answered. */
  readonly askId: string
  /** Who answered. */
  readonly by: string
  /** How far the answer came. `written` is the best that a system without acknowledgements can give. */
  readonly delivered: Delivered
}
