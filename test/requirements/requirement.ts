/** A behaviour that needs a test: a test has `[id]` in its title, or a case has the id. `test/requirements.test.ts` checks both directions. */
export interface Requirement {
  /** `area.name`, stable: tests refer to it. */
  readonly id: string
  /** The source: a section of the design or of a reference, a seed, or a regression of a peer. */
  readonly source: string
  readonly behaviour: string
  /** The platforms or peers to which the row applies; default: all. */
  readonly applies?: string
}
