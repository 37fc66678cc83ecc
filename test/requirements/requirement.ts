/** A behaviour that must be shown: a test carries `[id]` in its title, or a case carries it as its id. The gate holds the two together. */
export interface Requirement {
  /** `area.name`, stable: tests refer to it. */
  readonly id: string
  /** Where it comes from: the design's section, a reference's section, a seed, a regression seen in a peer. */
  readonly source: string
  readonly behaviour: string
  /** Where it applies, if not everywhere. */
  readonly applies?: string
}
