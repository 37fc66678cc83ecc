/** The op table: the facts about an op that its types do not have. */
import { camelName } from '../core/names.js'
import { OP_FLAGS, OP_TABLE } from './table.gen.js'

/** One op. */
export interface OpInfo {
  /** Its wire name. */
  readonly op: string
  /** The namespace of its method. */
  readonly namespace: string
  /** The method's name in its namespace. */
  readonly method: string
  /** It only reads, so it may be called again after a lost answer. */
  readonly reads: boolean
  /** A second call has no second effect. */
  readonly idempotent: boolean
  /** It takes over its connection. */
  readonly takesOver: boolean
  /** It has an effect even with empty arguments. */
  readonly unsafeToProbe: boolean
  /** Its arguments or its result hold secrets. */
  readonly secret: boolean
  /** Who is the default of `by`. */
  readonly by: 'client' | 'actor' | 'system' | undefined
}

/** All ops by wire name. */
export type OpTable = ReadonlyMap<string, OpInfo>

/**
 * Reads the op table. A client does it once.
 * @example
 * import { loadOps } from 'signalbox/cccc'
 *
 * console.log(loadOps().get('group_show')?.idempotent) // true
 */
export function loadOps(): OpTable {
  const table = new Map<string, OpInfo>()
  const flagSets = OP_FLAGS.split(' ')
  for (const line of OP_TABLE.split('\n')) {
    const [namespace = '', tree = ''] = line.split(' ')
    // The path above the word that is read, and how many of its characters the method name leaves out.
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
