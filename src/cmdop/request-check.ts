/** Checks the fields of a request against the schema before anything is sent, so that both planes refuse the same mistakes. */
import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { refused } from './errors.js'
import { isV1Op, OPS, V2_FIELDS, type AnyOpName } from './ops.js'
import { schemaOf } from './schema.js'

const INT32_MAX = 0x7fff_ffff

/** Checks the fields of an op. Fields of one generation only are checked by that generation. */
export function checkOp(name: AnyOpName, request: unknown): void {
  if (!isV1Op(name)) return
  const later = V2_FIELDS[name]
  if (!later) return checkRequest(schemaOf(OPS[name].request), request, name)
  const fields = Object.entries(request as object).filter(([key]) => !later.includes(key))
  checkRequest(schemaOf(OPS[name].request), Object.fromEntries(fields), name)
}

/** Throws `invalid_argument` for a value that its field cannot hold, and for a name that the message does not have. */
export function checkRequest(schema: DescMessage, request: unknown, op: string): void {
  if (typeof request !== 'object' || request === null) throw refused(op, `The fields of ${op} must be an object.`)
  checkMessage(schema, request as Readonly<Record<string, unknown>>, op, '')
}

function checkMessage(schema: DescMessage, fields: Readonly<Record<string, unknown>>, op: string, path: string): void {
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    if (value === undefined || name === '$typeName') continue
    const field = Object.hasOwn(schema.field, name) ? schema.field[name] : undefined
    if (!field) throw refused(op, `${op} has no field ${path}${name}.`)
    checkField(field, value, op, `${path}${name}`)
  }
}

function checkField(field: DescField, value: unknown, op: string, path: string): void {
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) throw refused(op, `${path} must be a list.`)
    for (const [index, item] of value.entries()) checkSingle(field, item, op, `${path}.${index}`)
  } else if (field.fieldKind === 'map') {
    if (typeof value !== 'object' || value === null) throw refused(op, `${path} must be an object of strings.`)
    for (const [key, item] of Object.entries(value)) {
      if (typeof item !== 'string') throw refused(op, `${path}.${key} must be a string.`)
    }
  } else checkSingle(field, value, op, path)
}

function checkSingle(field: DescField, value: unknown, op: string, path: string): void {
  if (field.message) {
    if (typeof value !== 'object' || value === null) throw refused(op, `${path} must be an object.`)
    checkMessage(field.message, value as Readonly<Record<string, unknown>>, op, `${path}.`)
    return
  }
  const fault = faultOf(field.enum ? ScalarType.INT32 : field.scalar, value)
  if (fault !== undefined) throw refused(op, `${path} ${fault}.`)
}

function faultOf(scalar: ScalarType | undefined, value: unknown): string | undefined {
  switch (scalar) {
    case ScalarType.STRING:
      return typeof value === 'string' ? undefined : 'must be a string'
    case ScalarType.BOOL:
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    case ScalarType.INT32: {
      const fits = Number.isInteger(value) && Math.abs(value as number) <= INT32_MAX
      return fits ? undefined : `is ${String(value)}; it must be a whole number of at most ${INT32_MAX}`
    }
    default:
      return undefined
  }
}
