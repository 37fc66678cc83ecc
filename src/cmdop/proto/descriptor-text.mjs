/** Turns the descriptor that the generator embeds into the text that `descriptor.ts` reads. Throws if that text cannot express it. */
import { fromBinary } from '@bufbuild/protobuf'
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type as Type, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

const SCALARS = new Map(
  ['double', 'float', 'int64', 'uint64', 'int32', 'bool', 'string', 'uint32'].map((name) => [Type[name.toUpperCase()], name]),
)

/** The path of the file without its ending, and the text of it. */
export function descriptorText(base64) {
  const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64'))
  const scope = `.${file.package}.`
  const path = file.name.replace(/\.proto$/, '')
  check(`${file.package.replaceAll('.', '/')}/` === path.replace(/\w+$/, ''), `${file.name} does not lie where its package says`)
  check(
    file.syntax === 'proto3' && !file.options && file.service.length + file.extension.length === 0,
    `${file.name} has more than messages`,
  )

  const enumLine = ({ name, value, options }, outer) => {
    check(!options && value[0]?.number === 0, `the values of ${name} do not start at 0`)
    let next = 0
    const words = value.map((one) => {
      const word = one.number === next ? one.name : `${one.name}=${one.number}`
      next = one.number + 1
      return word
    })
    return ['enum', `${outer}${name}`, ...words].join(' ')
  }
  const typeOf = ({ type, typeName }) => {
    if (type === Type.STRING) return ''
    if (SCALARS.has(type)) return `:${SCALARS.get(type)}`
    check((type === Type.MESSAGE || type === Type.ENUM) && typeName.startsWith(scope), `${typeName} (${Type[type]})`)
    return `:${type === Type.ENUM ? '#' : ''}${typeName.slice(scope.length)}`
  }
  const lines = file.enumType.map((one) => enumLine(one, ''))
  for (const { name, field, nestedType, oneofDecl, enumType, ...rest } of file.messageType) {
    check(
      !rest.options && rest.extension.length + rest.reservedRange.length === 0,
      `${name} has options, extensions or reserved numbers`,
    )
    const maps = new Set(nestedType.map((nested) => mapEntry(`${scope}${name}.`, nested)))
    const words = [name]
    let group
    let last = 0
    for (const one of field) {
      check(!one.options, `${name}.${one.name} has options`)
      const oneof = Object.hasOwn(one, 'oneofIndex') && !one.proto3Optional ? oneofDecl[one.oneofIndex].name : undefined
      if (oneof !== group && group) words.push('}')
      if (oneof !== group && oneof) words.push(`${oneof}{`)
      group = oneof
      const map = maps.has(one.typeName)
      const many = map ? '%' : one.label === FieldDescriptorProto_Label.REPEATED ? '*' : one.proto3Optional ? '?' : ''
      words.push(`${one.name}${many}${map ? '' : typeOf(one)}${one.number === last + 1 ? '' : `=${one.number}`}`)
      last = one.number
    }
    if (group) words.push('}')
    lines.push(words.join(' '), ...enumType.map((one) => enumLine(one, `${name}.`)))
  }
  return { path, text: lines.join('\n') }
}

/** The name of the type that stands for a map of strings; nothing else may be nested. */
function mapEntry(scope, { name, options, field }) {
  check(options?.mapEntry && field.every(({ type }) => type === Type.STRING), `${scope}${name} is nested, and no map of strings`)
  return `${scope}${name}`
}

function check(holds, what) {
  if (!holds) throw new Error(`The text of a descriptor cannot say this: ${what}.`)
}
