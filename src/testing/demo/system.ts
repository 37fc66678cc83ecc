/** What the demo has of each system: a simulator, a client and a source over it. One file for each system, so that a page can load them one by one. */
import type { Clock } from '../../core/clock.js'
import type { Source } from '../../hub/source.js'
import type { StreamTransport } from '../../transport.js'

/** How a system of the demo is opened. */
export interface DemoOptions {
  /** The clock of the simulators and the sources. */
  readonly clock: Clock
  /** Wraps the transport of a system, for example with `tap` or `withFaults`. */
  readonly wrap: <Launch>(system: string, transport: StreamTransport<Launch>) => StreamTransport<Launch>
}

/** A source over a simulated system. */
export interface DemoSystem {
  readonly source: Source
  /** Closes the client and stops the simulator. Close the hub first. */
  close(): Promise<void>
}
