/** The connection of the page to a hub: the one in its worker, or the one behind a gateway. */
import type { GatewayClient, GatewaySession } from 'signalbox/web'
import type { Hub } from 'signalbox/hub'
import type { SignalboxError } from 'signalbox'
import type { Lab } from '../worker/lab/lab.js'

/** A hub that can be used. */
export interface Connection {
  readonly mode: 'worker' | 'gateway'
  readonly hub: Hub
  /** A short name for people, such as `Demo in this page` or the address of the gateway. */
  readonly label: string
  /** Where the journal is kept, for people. */
  readonly journal: string
  /** Asks the worker for a port to its lab, which taps and breaks links. Absent behind a gateway. */
  lab?(): MessagePort
  /** The tape of this page's own link to the hub. Behind a gateway only: the bytes of the systems stay on the server. */
  readonly tap?: Lab
  /** Starts or stops the scripted people of the demo. Absent behind a gateway. */
  demo?(running: boolean): void
  readonly gateway?: { readonly origin: string; readonly client: GatewayClient; readonly session: GatewaySession }
  close(): Promise<void>
}

/** The state of the connection. */
export type ConnectionState =
  /** The address carried a ticket. Nothing is opened before a person decides. */
  | { readonly status: 'asking'; readonly origin: string }
  | { readonly status: 'opening'; readonly mode: 'worker' | 'gateway' }
  | { readonly status: 'open'; readonly connection: Connection }
  | { readonly status: 'failed'; readonly mode: 'worker' | 'gateway'; readonly error: SignalboxError }
