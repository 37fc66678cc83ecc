/**
 * Checks of plain shapes: the fields that an object must have, and their types. Other fields pass. For clients that a program loads at its
 * start, because loading zod takes longer than loading such a client.
 */
import { isRecord } from './is-record.js'
import type { Schema } from './validate.js'

/** The first value that does not fit, by its path. */
export interface Mismatch {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** Returns the first mismatch, or undefined when the value fits. */
export type Shape = (value: unknown) => Mismatch | undefined

const expected = (wanted: string, value: unknown): Mismatch => {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
  return { path: [], message: `expected ${wanted}, found ${found}` }
}

const inside = (key: PropertyKey, { path, message }: Mismatch): Mismatch => ({ path: [key, ...path], message })

export const string: Shape = (value) => (typeof value === 'string' ? undefined : expected('string', value))
export const number: Shape = (value) => (typeof value === 'number' ? undefined : expected('number', value))
export const boolean: Shape = (value) => (typeof value === 'boolean' ? undefined : expected('boolean', value))

export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined ? undefined : shape(value)

export const list =
  (item: Shape): Shape =>
  (value) => {
    if (!Array.isArray(value)) return expected('a list', value)
    for (const [index, each] of value.entries()) {
      const mismatch = item(each)
      if (mismatch) return inside(index, mismatch)
    }
    return undefined
  }

export function object(fields: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(fields)
  return (value) => {
    if (!isRecord(value)) return expected('an object', value)
    for (const [key, shape] of entries) {
      const mismatch = shape(value[key])
      if (mismatch) return inside(key, mismatch)
    }
    return undefined
  }
}

/** The shape as a schema for `validated`. */
export const schemaOf = (shape: Shape): Schema<unknown> => ({
  safeParse(value) {
    const mismatch = shape(value)
    return mismatch ? { success: false, error: { issues: [mismatch] } } : { success: true, data: value }
  },
})
