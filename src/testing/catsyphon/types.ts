/** What a request to the simulator is, and which server it simulates. */

/** `sequence`: servers until 2025; `transitional`: the first days of 2026; `current`: servers since then. */
export type Generation = 'sequence' | 'transitional' | 'current'

/** A request to the simulator. */
export interface SimulatedRequest {
  /** For example `POST`. */
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Names in any case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Text or bytes. */
  readonly body?: Uint8Array | string
}
