/** How often a test repeats its work: the full number where every optional part is required, as in CI, and a smaller one elsewhere. */
export const rounds = (full: number, quick: number): number => (process.env.SIGNALBOX_REQUIRE_ALL === '1' ? full : quick)
