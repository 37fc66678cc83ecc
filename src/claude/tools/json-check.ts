/** Checks tool inputs with the usual part of JSON Schema: types, required, properties, items, enum. Error messages are for the model. */
import { isRecord } from '../../core/is-record.js'

/** The part of JSON schema that tool inputs are checked with. */
export interface JsonSchema {
  /** The type or types of the value. */
  readonly type?: string | readonly string[]
  /** The schemas of the fields. */
  readonly properties?: Readonly<Record<string, JsonSchema>>
  /** Fields that must be there. */
  readonly required?: readonly string[]
  /** The schema of each element. */
  readonly items?: JsonSchema
  /** The values that are allowed. */
  readonly enum?: readonly unknown[]
  /** False refuses fields that are not named. */
  readonly additionalProperties?: boolean | JsonSchema
  readonly [field: string]: unknown
}

const MAX_DEPTH = 32

export function checkJson(schema: JsonSchema, value: unknown, path = 'input', depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new Error(`${path} is nested too deeply`)
  const types = schema.type === undefined ? [] : typeof schema.type === 'string' ? [schema.type] : schema.type
  if (types.length > 0 && !types.some((type) => isOfType(type, value))) throw new Error(`${path} must be ${types.join(' or ')}`)
  if (schema.enum && !schema.enum.includes(value)) throw new Error(`${path} must be one of ${JSON.stringify(schema.enum)}`)
  if (Array.isArray(value)) {
    if (schema.items) for (const [index, item] of value.entries()) checkJson(schema.items, item, `${path}[${index}]`, depth + 1)
  } else if (typeof value === 'object' && value !== null) {
    const fields = value as Readonly<Record<string, unknown>>
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(fields, name)) throw new Error(`${path}.${name} is missing`)
    }
    for (const [name, item] of Object.entries(fields)) {
      const known = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
      if (known) checkJson(known, item, `${path}.${name}`, depth + 1)
      else if (schema.additionalProperties === false) throw new Error(`${path}.${name} is not known`)
    }
  }
  return value
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isRecord(value)
    case 'array':
      return Array.isArray(value)
    case 'null':
      return value === null
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}
