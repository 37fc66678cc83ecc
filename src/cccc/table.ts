/** The op table, unpacked: what a client must know about an op beyond its types. */
import { camelName } from '../core/names.js'
import { OP_FLAGS, OP_TABLE } from './table.gen.js'

export interface OpInfo {
  readonly op: string
  readonly namespace: string
  /** The method's name in its namespace. */
  readonly method: string
  /** Only reads: a lost answer may be asked for again. */
  readonly reads: boolean
  /** May be made twice without a second effect. */
  readonly idempotent: boolean
  /** Takes over its connection. */
  readonly takesOver: boolean
  /** Has an effect even with empty arguments. */
  readonly unsafeToProbe: boolean
  readonly secret: boolean
  /** Whose name goes into `by` when the caller names nobody. */
  readonly by: 'client' | 'actor' | 'system' | undefined
}

export type OpTable = ReadonlyMap<string, OpInfo>

/** Reads the table; a client does it once. */
export function loadOps(): OpTable {
  const table = new Map<string, OpInfo>()
  const flagSets = OP_FLAGS.split(' ')
  for (const line of OP_TABLE.split('\n')) {
    const [namespace = '', tree = ''] = line.split(' ')
    // The words above the one that is read, and how much of them its method's name sheds.
    const above: { readonly path: string; readonly shed: number }[] = [{ path: '', shed: 0 }]
    let path = ''
    for (const [, text = '', mark = ''] of tree.matchAll(/([^A-Z()[]*)([A-Z()[])/g)) {
      const { path: before, shed } = above.at(-1) ?? { path: '', shed: 0 }
      const [words = '', renamed] = text.split('=')
      if (text !== '') path = before + words
      if (mark === ')') above.pop()
      else if (mark < 'A' || mark > 'Z') above.push({ path: `${path}_`, shed: mark === '[' ? path.length + 1 : shed })
      else {
        const has = (flag: string): boolean => (flagSets[mark.charCodeAt(0) - 65] ?? '').includes(flag)
        table.set(path, {
          op: path,
          namespace,
          method: renamed ?? camelName(path.slice(shed)),
          reads: has('r'),
          idempotent: has('r') || has('i'),
          takesOver: has('s'),
          unsafeToProbe: has('x'),
          secret: has('k'),
          by: has('u') ? 'client' : has('a') ? 'actor' : has('y') ? 'system' : undefined,
        })
      }
    }
  }
  return table
}
