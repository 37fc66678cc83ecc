/** In a file without Node's types, so that the declarations of `signalbox/node` need none. */

/** Damage that was found in a file. Everything that could be read was kept. */
export type LogDamage =
  /** The last write was cut off by a crash. Its writer was told nothing, and it was removed. */
  | { readonly kind: 'torn'; readonly file: string; readonly bytes: number }
  /** Lines are damaged. A copy of the damaged file is kept beside it. */
  | { readonly kind: 'corrupt'; readonly file: string; readonly lines: number; readonly keptAs: string }
