/** The file beside a log's segments that remembers what they do not: how far it was trimmed, and the highest token of each lease. */
import { readFile } from 'node:fs/promises'
import { checkPosition } from '../../../src/store/rules.js'
import { damaged, writeAtomically } from './disk.js'

export interface LogMeta {
  readonly first: number
  readonly next: number
  readonly fences: ReadonlyMap<string, number>
}

export async function readMeta(what: string, path: string): Promise<LogMeta> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return { first: 1, next: 1, fences: new Map() }
    throw error
  }
  try {
    // A file of an earlier version has no `fences`: no process of that version still writes.
    const { first, next, fences = {} } = JSON.parse(text) as { first: number; next: number; fences?: Record<string, number> }
    return {
      first: checkPosition(first, 'first', 1),
      next: checkPosition(next, 'next', 1),
      fences: new Map(Object.entries(fences).map(([key, token]) => [key, checkPosition(token, 'token', 0)])),
    }
  } catch (cause) {
    // A new file would give the same sequences and fences a second time.
    throw damaged(what, path, cause)
  }
}

export async function writeMeta(path: string, { first, next, fences }: LogMeta): Promise<void> {
  await writeAtomically(path, new TextEncoder().encode(JSON.stringify({ first, next, fences: Object.fromEntries(fences) })))
}
