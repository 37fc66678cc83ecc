/** The interface between the shell and its views. */
import type { ReadonlySignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { ConnectionState } from '../connection/connection.js'
import type { Model } from '../model/model.js'
import type { Route } from './router.js'

/** A command that the palette lists. */
export interface Command {
  readonly id: string
  readonly title: string
  /** Where the command belongs, such as `View` or the name of an agent. */
  readonly group: string
  /** The key that runs the command, for display. */
  readonly key?: string
  run(): void
}

/** A short message in the corner of the page, read out by screen readers. */
export interface Toast {
  readonly id: number
  readonly text: string
  readonly tone: 'info' | 'good' | 'bad'
}

/** What a view gets from the shell. */
export interface App {
  /** The connection to the hub, as it is now. A view that needs the hub reads `connection.value` and handles every `status`. */
  readonly connection: ReadonlySignal<ConnectionState>
  /** Everything that the page knows from the hub's events. Emptied when the connection changes. */
  readonly model: Model
  readonly route: ReadonlySignal<Route>
  /** The name under which this page prompts and answers. */
  readonly by: string
  /** Goes to an address inside the page, such as `work/claude%2Freview`. */
  navigate(to: string): void
  /** Shows a short message. For a failure of an action use `ErrorNotice` at the place of the action. */
  toast(text: string, tone?: Toast['tone']): void
  /** Opens the list of commands with these words in its field. */
  openPalette(query: string): void
  /** A value that a view keeps while another view is shown, until the connection changes. Made by the first call with its key. */
  keep<Value>(key: string, make: () => Value): Value
  /** Adds commands to the palette while a view is shown. Returns the function that removes them. */
  commands(add: readonly Command[]): () => void
}

/** One view of the page. */
export interface View {
  readonly id: string
  readonly title: string
  /** The key that opens the view, pressed after `g`. */
  readonly key: string
  readonly Component: (props: { readonly app: App }) => JSX.Element
}
