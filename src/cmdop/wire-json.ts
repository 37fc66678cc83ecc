/** JSON answers of the relay and the platform, in the shape that a core would give them: camelCase names, and only what the schema allows. */
import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import type { Complaint } from './plain.js'

/** The relay's name of an enum value, where it differs from the schema's. */
export type Vocabulary = Readonly<Record<string, string>>

export interface WireReader {
  readonly words: Vocabulary
  /** Called for a value of another type than the schema says. Throws if the caller wants that. */
  readonly complain: Complaint
  /** Throws the failure for a required member that is missing or has another shape. Undefined: it reads as empty. */
  readonly reject?: ((path: string, why: string) => never) | undefined
}

type Json = Readonly<Record<string, unknown>>

/** Members that the schema does not know are kept, with their names in camelCase. */
export function fromWire(
  schema: DescMessage,
  json: unknown,
  reader: WireReader,
  wirePath = '',
  path = '',
): Record<string, unknown> {
  if (!isObject(json)) reader.reject?.(wirePath.slice(0, -1) || 'the answer', 'is no object')
  const source = isObject(json) ? json : {}
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(source))
    if (!schema.fields.some((field) => field.name === name)) out[camelCase(name)] = value
  for (const field of schema.fields) {
    const at: Place = { wire: `${wirePath}${field.name}`, plain: `${path}${field.localName}` }
    const value = memberOf(field, source[field.name], reader, at)
    if (value !== undefined) out[field.localName] = value
  }
  return out
}

/** The path of a value: with wire names for errors, and with camelCase names for reports. */
interface Place {
  readonly wire: string
  readonly plain: string
}

function memberOf(field: DescField, value: unknown, reader: WireReader, at: Place): unknown {
  const optional = field.proto.proto3Optional || field.fieldKind === 'map'
  if (value === undefined) {
    if (!optional) reader.reject?.(at.wire, 'is missing')
    return emptyOf(field)
  }
  if (value === null) {
    if (!optional) reader.complain(at.plain, 'is null')
    return emptyOf(field)
  }
  if (field.fieldKind !== 'list') return singleOf(field, value, reader, at)
  if (!Array.isArray(value)) {
    reader.reject?.(at.wire, 'is no list')
    return []
  }
  return value.map((item, index) => singleOf(field, item, reader, { wire: `${at.wire}.${index}`, plain: `${at.plain}.${index}` }))
}

function singleOf(field: DescField, value: unknown, reader: WireReader, at: Place): unknown {
  if (field.fieldKind === 'map') return value
  if (field.message) return fromWire(field.message, value, reader, `${at.wire}.`, `${at.plain}.`)
  if (field.enum) {
    const enumName = typeof value === 'string' ? (reader.words[value] ?? value) : value
    const known = field.enum.values.some(({ localName }) => localName.toLowerCase() === enumName)
    if (!known) reader.complain(at.plain, `holds a word that ${field.enum.name} does not have`)
    return enumName
  }
  const fault = faultOf(field.scalar, value)
  if (fault !== undefined) reader.complain(at.plain, fault)
  return value
}

function faultOf(scalar: ScalarType | undefined, value: unknown): string | undefined {
  switch (scalar) {
    case ScalarType.STRING:
      return typeof value === 'string' ? undefined : 'is no text'
    case ScalarType.BOOL:
      return typeof value === 'boolean' ? undefined : 'is neither true nor false'
    case ScalarType.DOUBLE:
      return typeof value === 'number' ? undefined : 'is no number'
    default:
      if (!Number.isInteger(value)) return 'is no whole number'
      return Number.isSafeInteger(value) ? undefined : 'holds an integer beyond 2^53, which a number cannot hold exactly'
  }
}

/** What an absent member reads as: the same as in an answer of a core. */
function emptyOf(field: DescField): unknown {
  if (field.fieldKind === 'list') return []
  if (field.fieldKind === 'map') return {}
  if (field.fieldKind === 'message' || field.proto.proto3Optional) return undefined
  if (field.fieldKind === 'enum') return 'unspecified'
  if (field.scalar === ScalarType.STRING) return ''
  return field.scalar === ScalarType.BOOL ? false : 0
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const camelCase = (name: string): string => name.replace(/_+([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())
