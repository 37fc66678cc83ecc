/** The file beside a log's segments that remembers what they do not: how far it was trimmed, and the highest fence. */
import { readFile } from 'node:fs/promises'
import { checkPosition } from '../../../src/store/rules.js'
import { damaged, writeAtomically } from './disk.js'

export interface LogMeta {
  readonly first: number
  readonly next: number
  readonly fence: number
}

export async function readMeta(what: string, path: string): Promise<LogMeta> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return { first: 1, next: 1, fence: 0 }
    throw error
  }
  try {
    const { first, next, fence } = JSON.parse(text) as LogMeta
    return {
      first: checkPosition(first, 'first', 1),
      next: checkPosition(next, 'next', 1),
      fence: checkPosition(fence, 'fence', 0),
    }
  } catch (cause) {
    // Starting over would give sequences and fences a second time.
    throw damaged(what, path, cause)
  }
}

export async function writeMeta(path: string, { first, next, fence }: LogMeta): Promise<void> {
  await writeAtomically(path, new TextEncoder().encode(JSON.stringify({ first, next, fence })))
}
