/** The one mapping between our names and the wire's: the keys of an argument object, never what is inside their values. */
import { snakeName } from '../core/names.js'
import type { Loose } from './shapes.js'

export type CamelKey<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelKey<Tail>>}`
  : Name

export type CamelArgs<Args> = { [Key in keyof Args as Key extends string ? CamelKey<Key> : Key]: Args[Key] }

/** Wire names; what the caller left undefined is left out. */
export function wireArgs(args: object): Loose {
  const out: Loose = {}
  for (const [key, value] of Object.entries(args)) {
    if (value !== undefined) out[snakeName(key)] = value
  }
  return out
}
