/** Maps the keys of an argument object to the names of the wire. The values are left as they are. */
import { snakeName } from '../core/names.js'
import type { Loose } from './shapes.js'

export type CamelKey<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelKey<Tail>>}`
  : Name

export type CamelArgs<Args> = { [Key in keyof Args as Key extends string ? CamelKey<Key> : Key]: Args[Key] }

/** The arguments with wire names; undefined values are left out. */
export function wireArgs(args: object): Loose {
  const out: Loose = {}
  for (const [key, value] of Object.entries(args)) {
    if (value !== undefined) out[snakeName(key)] = value
  }
  return out
}
