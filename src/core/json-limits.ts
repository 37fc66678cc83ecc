/** Limits of depth and size for JSON of an untrusted peer, checked before it is parsed. */

export interface JsonLimits {
  /** The depth of nested arrays and objects. */
  readonly maxDepth: number
  /** The total number of values in arrays and objects. */
  readonly maxNodes: number
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/** Which limit a JSON text exceeds; undefined if it exceeds none. The cost is linear and stops at the first excess. */
export function exceededJsonLimit(text: string, { maxDepth, maxNodes }: JsonLimits): keyof JsonLimits | undefined {
  let depth = 0
  let nodes = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === COMMA) nodes += 1
    // `[` and `{`, then `]` and `}`.
    else if (code === 0x5b || code === 0x7b) {
      depth += 1
      nodes += 1
      if (depth > maxDepth) return 'maxDepth'
    } else if (code === 0x5d || code === 0x7d) depth -= 1
    if (nodes > maxNodes) return 'maxNodes'
  }
  return undefined
}

/** The index of the quote that ends the string; the end of the text if there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (before > start && text.charCodeAt(before) === BACKSLASH) before -= 1
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}
