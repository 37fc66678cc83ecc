/** The descriptors that are made from text, against those that the library makes from what the compiler of the schema says. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import { base64Encode } from '@bufbuild/protobuf/wire'
import { FieldDescriptorProto_Type as Type, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { expect, it } from 'vitest'
import { fileDesc } from '../../src/cmdop/descriptor.js'
import { file_cmdop_core_v1_envelope as envelope } from '../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { file_cmdop_core_v2_contract as contract } from '../../src/cmdop/gen/cmdop/core/v2/contract_pb.js'
import { descriptorText } from '../../src/cmdop/proto/descriptor-text.mjs'

const nameOf = (desc: { readonly typeName: string } | undefined) => desc?.typeName

/** The properties of a field that reading, writing and JSON use. Other descriptors are compared by name. */
const fieldShape = (field: DescField) => {
  const { proto, parent, oneof, message, enum: enumeration, ...facts } = field
  // Functions are compared by their results.
  const own = { ...facts, toString: String(field), getDefaultValue: null, optional: proto.proto3Optional }
  const types = [nameOf(message), nameOf(enumeration), nameOf(parent), oneof?.localName]
  return { ...own, types }
}
const enumShape = ({ typeName, open, sharedPrefix, values, value }: DescEnum) => {
  const all = values.map(({ name, localName, number, jsonName }) => ({ name, localName, number, jsonName }))
  return { typeName, open, sharedPrefix, all, byNumber: Object.keys(value) }
}
const messageShape = (message: DescMessage): unknown => ({
  typeName: message.typeName,
  fields: message.fields.map(fieldShape),
  byName: Object.keys(message.field),
  oneofs: message.oneofs.map(({ name, localName, fields }) => [name, localName, fields.map((field) => field.name)]),
  members: message.members.map(({ kind, name }) => [kind, name]),
  enums: message.nestedEnums.map(enumShape),
  messages: message.nestedMessages.map(messageShape),
})
const fileShape = (file: DescFile) => ({
  name: file.name,
  edition: file.edition,
  needs: file.dependencies.map(({ name }) => name),
  enums: file.enums.map(enumShape),
  messages: file.messages.map(messageShape),
})

function compiled() {
  const folder = mkdtempSync(join(tmpdir(), 'cmdop-image-'))
  try {
    const image = join(folder, 'image.binpb')
    const buf = join(dirname(createRequire(import.meta.url).resolve('@bufbuild/buf/package.json')), 'bin/buf')
    const schema = fileURLToPath(new URL('../../src/cmdop/proto', import.meta.url))
    execFileSync(process.execPath, [buf, 'build', '--as-file-descriptor-set', '-o', image], { cwd: schema, stdio: 'pipe' })
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('equal those of the library, member by member [cmdop.descriptor]', () => {
  const registry = compiled()
  const ours = [...envelope.dependencies, envelope, contract]
  expect(ours.map(({ proto }) => proto.name).sort()).toEqual([...registry.files].map(({ proto }) => proto.name).sort())
  for (const file of ours) {
    const theirs = registry.getFile(file.proto.name)
    expect(fileShape(file)).toEqual(theirs && fileShape(theirs))
  }
})

it('cannot express features that the schema does not use, and fail with this reason when it is compiled [cmdop.descriptor]', () => {
  const text = (init: MessageInitShape<typeof FileDescriptorProtoSchema>) => {
    const file = create(FileDescriptorProtoSchema, { name: 'a/b.proto', package: 'a', syntax: 'proto3', ...init })
    return descriptorText(base64Encode(toBinary(FileDescriptorProtoSchema, file)))
  }
  const field = (name: string, number: number, type: Type) => ({ name, number, type, label: 1 })
  const two = [field('x', 1, Type.STRING), field('y', 7, Type.BOOL)]
  expect(text({ messageType: [{ name: 'M', field: two }] })).toEqual({ path: 'a/b', text: 'M x y:bool=7' })
  expect(fileDesc('a/b', 'M x y:bool=7').messages[0]?.fields.map(String)).toEqual(['field a.M.x', 'field a.M.y'])
  const unsaid: MessageInitShape<typeof FileDescriptorProtoSchema>[] = [
    { syntax: 'editions' },
    { package: 'c' },
    { service: [{ name: 'S' }] },
    { options: { deprecated: true } },
    { messageType: [{ name: 'M', field: [field('x', 1, Type.BYTES)] }] },
    { messageType: [{ name: 'M', field: [{ ...field('x', 1, Type.STRING), options: { deprecated: true } }] }] },
    { messageType: [{ name: 'M', nestedType: [{ name: 'N' }] }] },
    { messageType: [{ name: 'M', reservedRange: [{ start: 1, end: 2 }] }] },
    { enumType: [{ name: 'E', value: [{ name: 'A', number: 3 }] }] },
  ]
  for (const init of unsaid) expect(() => text(init), JSON.stringify(init)).toThrow(/cannot say/)
})
