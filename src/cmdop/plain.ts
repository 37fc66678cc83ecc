/**
 * Converts generated messages to the plain objects that callers see, and back. The objects survive `JSON.stringify`: enums are the
 * lower-case strings of the relay, an int64 is a number, and absent optional members are absent.
 */
import type { DescEnum, DescField, DescMessage, Message } from '@bufbuild/protobuf'
import type { MfaRequirement, ScheduleRunStatus, ScheduleTargetKind } from './gen/cmdop/core/v1/common_pb.js'
import { refused } from './errors.js'

/** A number that this version of the client has no name for keeps its place. */
export type UnknownEnum = `unknown:${number}`
/** Whether the members of a fleet need a second factor. */
export type MfaRequired = 'none' | 'optional' | 'required'
/** Which machines of a fleet a schedule runs on. */
export type TargetKind = 'all_fleet_machines' | 'specific_machines'
/** How far a run of a schedule is. */
export type RunStatus = 'pending' | 'running' | 'success' | 'failed'
type OrUnset = 'unspecified' | UnknownEnum

export type Plain<T> = T extends bigint
  ? number
  : T extends number
    ? NumberOrName<T>
    : T extends readonly (infer Item)[]
      ? readonly Plain<Item>[]
      : T extends object
        ? { readonly [Key in keyof T as Key extends '$typeName' | '$unknown' ? never : Key]: Plain<T[Key]> }
        : T

/** Tells `number` from an enum type: -1 is assignable to `number` and to no enum. */
type NumberOrName<T extends number> = [-1] extends [T]
  ? number
  : [T] extends [MfaRequirement]
    ? MfaRequired | OrUnset
    : [T] extends [ScheduleTargetKind]
      ? TargetKind | OrUnset
      : [T] extends [ScheduleRunStatus]
        ? RunStatus | OrUnset
        : number

/** Called with the path of an int64 that a number cannot hold exactly, or of an enum number without a name. */
export type Complaint = (path: string, message: string) => void

/** The message as a plain object, with the camelCase names of the schema. */
export function toPlain<M extends Message>(schema: DescMessage, message: M, complain: Complaint): Plain<M> {
  const source = message as unknown as Readonly<Record<string, unknown>>
  const out: Record<string, unknown> = {}
  for (const field of schema.fields) {
    const value = source[field.localName]
    if (value === undefined) continue
    if (field.fieldKind === 'scalar' && typeof value !== 'bigint') out[field.localName] = value
    else out[field.localName] = plainValue(field, value, complain)
  }
  return out as Plain<M>
}

function plainValue(field: DescField, value: unknown, complain: Complaint): unknown {
  if (field.fieldKind === 'map') return { ...(value as object) }
  const { localName } = field
  if (field.fieldKind !== 'list') return single(field, value, complain, localName)
  return (value as readonly unknown[]).map((item, index) => single(field, item, complain, `${localName}.${index}`))
}

function single(field: DescField, value: unknown, complain: Complaint, path: string): unknown {
  // Paths are joined only when there is something to report.
  if (field.message) {
    const inside: Complaint = (rest, fault) => complain(`${path}.${rest}`, fault)
    return toPlain(field.message, value as Message, inside)
  }
  if (field.enum) return enumText(field.enum, value as number, complain, path)
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  if (!Number.isSafeInteger(number)) complain(path, 'holds an integer beyond 2^53, which a number cannot hold exactly')
  return number
}

function enumText(schema: DescEnum, number: number, complain: Complaint, path: string): string {
  const known = schema.value[number]
  if (known) return textOf(known)
  complain(path, `holds ${number}, which has no name in ${schema.name}`)
  return `unknown:${number}`
}

const textOf = (value: { readonly localName: string }): string => value.localName.toLowerCase()

/** Unknown names are refused. In the published SDKs a misspelt name is ignored, which may widen a target or weaken a rule. */
export function enumNumber(schema: DescEnum, text: string, op: string, argument: string): number {
  const names = schema.values.filter(({ number }) => number !== 0)
  const known = names.find((value) => textOf(value) === text)
  if (known) return known.number
  throw refused(op, `${argument} is ${JSON.stringify(text)}; it must be one of ${names.map(textOf).join(', ')}.`)
}
