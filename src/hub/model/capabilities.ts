/** What an agent can do. Each capability is an object, so that it can grow without a new name. */
import type { AskKind } from './ask.js'

/** What the configuration of an agent lets a new session choose. */
export interface SessionChoices {
  /** Working folders, on the machine of the agent. The first is the default. */
  readonly folders?: readonly string[]
  /** Models. The first is the default. */
  readonly models?: readonly string[]
}

/**
 * An absent capability is unsupported: a call that needs it fails with `unsupported` and `sent: 'no'`.
 * `sourceSuite` of `signalbox/testing` calls every claimed capability of a source.
 */
export interface Capabilities {
  /** Takes prompts. */
  readonly prompt?: { readonly images?: true; readonly files?: true }
  /** Which parts of an answer arrive while it is being written. */
  readonly stream?: { readonly text?: true; readonly tools?: true; readonly thinking?: true }
  /** A running turn can be stopped. `keepsSession`: the conversation goes on afterwards. */
  readonly cancel?: { readonly keepsSession: boolean }
  /** The system itself takes this many more prompts while a turn runs. Without it the hub sends one prompt at a time. */
  readonly queue?: { readonly depth: number }
  /**
   * `list`: `hub.sessions` works. `create`: `hub.openSession` works. `fork`: it takes a session to begin with. `close`: `hub.closeSession`
   * works. `resume`: a prompt with the id of a listed session goes on with that session.
   */
  readonly sessions?: {
    readonly list?: true
    readonly create?: true
    readonly resume?: true
    readonly fork?: true
    readonly close?: true
    /** What a new session may choose. Absent where there is no choice. */
    readonly choices?: SessionChoices
  }
  /** Past events can be read. `complete: false` says that the system keeps only a part. */
  readonly history?: { readonly complete: boolean }
  /** `confirmsDelivery`: the system proves that an answer arrived. */
  readonly asks?: { readonly kinds: readonly AskKind[]; readonly answerable: boolean; readonly confirmsDelivery: boolean }
  /** The agent pushes `usage` events, with tokens, with a cost, or with both. */
  readonly usage?: { readonly tokens?: true; readonly cost?: 'reported' | 'estimated' }
  /** How a prompt of unknown outcome is found again. Without it the hub never repeats such a prompt. */
  readonly dedupe?: 'by_client_id' | 'by_search'
  /** The agent has a terminal. `write`: keys can be sent to it. */
  readonly terminal?: { readonly write: boolean }
  /**
   * The agent represents a group of agents. `mail`: members write to each other. `acknowledgements`: the system reports who read a
   * message.
   */
  readonly group?: { readonly members: true; readonly mail?: true; readonly acknowledgements?: true }
}
