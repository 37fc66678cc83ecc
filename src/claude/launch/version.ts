/** Versions of the CLI: which flags and requests one has. */
export type Version = readonly [major: number, minor: number, patch: number]

/** Reads a version from text such as `2.1.197 (Claude Code)`. Undefined when there is none. */
export function parseVersion(text: string | undefined): Version | undefined {
  const found = /(\d+)\.(\d+)\.(\d+)/.exec(text ?? '')
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined
}

/** Whether `version` is the given one or later. An unknown version counts as the newest. */
export function isAtLeast(version: Version | undefined, than: Version | undefined): boolean {
  if (!version || !than) return true
  for (let index = 0; index < 3; index += 1) {
    const [part, otherPart] = [version[index] as number, than[index] as number]
    if (part !== otherPart) return part > otherPart
  }
  return true
}

/** A version as text, such as `2.1.197`. */
export const formatVersion = (version: Version | undefined): string => version?.join('.') ?? 'unknown'

/** The three versions that the client was measured on. A flag counts as known from the first of them that accepted it. */
export const MEASURED = { a: [2, 0, 76], b: [2, 1, 197], c: [2, 1, 329] } as const satisfies Record<string, Version>
