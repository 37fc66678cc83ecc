/** Names as file names, safe on every file system, also where `A` and `a` are the same. */
import { sha256Hex } from '../../../src/core/sha256.js'

const MAX_BYTES = 180
const encoder = new TextEncoder()

/** A name that can be turned back, unless it was shortened, which a `~` shows. */
export function fileNameOf(name: string): string {
  let out = ''
  for (const byte of encoder.encode(name)) {
    const character = String.fromCharCode(byte)
    out += /[a-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`
  }
  return out.length <= MAX_BYTES ? out : `${out.slice(0, 80)}~${sha256Hex(name).slice(0, 40)}`
}

/** The name, or undefined where it was shortened: then the file's content tells it. */
export function nameOf(file: string): string | undefined {
  if (file.includes('~')) return undefined
  try {
    return decodeURIComponent(file)
  } catch {
    return undefined
  }
}
