/**
 * Makes the descriptors of the generated code from text. The generator embeds a binary instead. Reading it needs the schema of all
 * descriptors, which is larger than this whole schema. A test compares these descriptors with those of the generator.
 */
import { createFileRegistry, type DescFile } from '@bufbuild/protobuf'
import type { GenFile } from '@bufbuild/protobuf/codegenv2'
import { protoCamelCase } from '@bufbuild/protobuf/reflect'
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt'

// The numbers of scalar types in `descriptor.proto`.
const SCALARS: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  uint32: 13,
}
const MESSAGE = 11
const ENUM = 14
const ONE = 1
const REPEATED = 3

/** A name, `?` if optional, `*` if repeated, `%` if a map of strings, the type, after `#` if an enum, and the number. */
const FIELD = /(\w+)([?*%]?):?(#?)([\w.]*)=?(\d*)/

/**
 * A message or an enum a line, with its fields, or its values from 0. A field is a string, and has the number after the last one, unless
 * it says otherwise. `name{` and `}` stand around the fields of a oneof; an enum inside a message follows it.
 */
export function fileDesc(path: string, text: string, imports: readonly DescFile[] = []): GenFile {
  const scope = path.replace(/\/\w+$/, '').replaceAll('/', '.')
  const messages = new Map<string, ReturnType<typeof message>>()
  const enumType: unknown[] = []
  for (const line of text.trim().split('\n')) {
    const [head = '', ...words] = line.split(' ')
    if (head !== 'enum') messages.set(head, message(head, words, scope))
    else {
      const [name, outer = ''] = (words.shift() as string).split('.').reverse()
      const value = enumValues(words)
      ;(messages.get(outer)?.enumType ?? enumType).push({ name, value })
    }
  }
  const file = {
    $typeName: 'google.protobuf.FileDescriptorProto',
    name: `${path}.proto`,
    package: scope,
    syntax: 'proto3',
    dependency: imports.map(({ proto }) => proto.name),
    messageType: [...messages.values()],
    enumType,
    service: [],
    extension: [],
  }
  // The object lacks members that the registry does not read, so the type is asserted.
  const proto = file as unknown as FileDescriptorProto
  return createFileRegistry(proto, (name) => imports.find((known) => known.proto.name === name)).getFile(file.name) as GenFile
}

function enumValues(words: readonly string[]): readonly { readonly name: string; readonly number: number }[] {
  let next = 0
  return words.map((word) => {
    const [name = '', number] = word.split('=')
    const value = { name, number: number === undefined ? next : Number(number) }
    next = value.number + 1
    return value
  })
}

function message(name: string, words: readonly string[], scope: string, options?: { readonly mapEntry: true }) {
  const field: unknown[] = []
  const oneofDecl: unknown[] = []
  const nestedType: unknown[] = []
  const enumType: unknown[] = []
  let oneof: { readonly oneofIndex: number } | undefined
  let number = 0
  for (const word of words) {
    const [, own = '', many, isEnum, type = '', given] = FIELD.exec(word) ?? []
    if (word === '}') oneof = undefined
    else if (word.endsWith('{')) oneof = { oneofIndex: oneofDecl.push({ name: own }) - 1 }
    else {
      number = Number(given || number + 1)
      const jsonName = protoCamelCase(own)
      const label = many === '*' || many === '%' ? REPEATED : ONE
      const made = { ...oneof, name: own, number, jsonName, label, proto3Optional: many === '?' }
      if (many === '%') {
        const entry = `${own[0]?.toUpperCase()}${jsonName.slice(1)}Entry`
        nestedType.push(message(entry, ['key', 'value'], scope, { mapEntry: true }))
        field.push({ ...made, type: MESSAGE, typeName: `.${scope}.${name}.${entry}` })
      } else field.push({ ...made, type: isEnum ? ENUM : (SCALARS[type || 'string'] ?? MESSAGE), typeName: `.${scope}.${type}` })
    }
  }
  return { name, field, oneofDecl, nestedType, enumType, extension: [], options }
}
