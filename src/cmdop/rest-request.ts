/** From the fields of a request message to method, path, query and body, by the schema. */
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import type { Exchange } from '../transport.js'

/** The relay's name of an enum value, where it differs from the schema's. */
const RELAY_WORDS: Readonly<Record<string, string>> = { optional: 'any', required: 'any' }
/** The reverse table. The relay uses `any` for two values; the stricter of the two is read, as a core does. */
export const SCHEMA_WORDS: Readonly<Record<string, string>> = { any: 'required', completed: 'success' }

type Fields = Readonly<Record<string, unknown>>

export function restExchange(route: string, schema: DescMessage, request: Fields, headers: Record<string, string>): Exchange {
  const space = route.indexOf(' ')
  const method = route.slice(0, space)
  const used = new Set<string>()
  const path = route.slice(space + 1).replace(/\{(\w+)\}/g, (_all, name: string) => {
    used.add(name)
    return encodeURIComponent(String(request[name]))
  })
  const rest = schema.fields.filter(({ localName }) => !used.has(localName) && request[localName] !== undefined)
  if (method === 'GET' || method === 'DELETE') {
    const query = queryOf(rest, request)
    return { method, path: query === '' ? path : `${path}?${query}`, headers }
  }
  if (schema.fields.length === used.size) return { method, path, headers }
  const body = Object.fromEntries(rest.map((field) => [field.name, wireValue(field, request[field.localName])]))
  return { method, path, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function queryOf(fields: readonly DescField[], request: Fields): string {
  const query = new URLSearchParams()
  for (const { localName, name } of fields) {
    const value = request[localName]
    if (name === 'page' && typeof value === 'object') {
      // The relay counts pages, the core counts offsets.
      const { offset, perPage } = value as { readonly offset: number; readonly perPage: number }
      if (perPage > 0) {
        query.set('page', String(Math.floor(offset / perPage) + 1))
        query.set('per_page', String(perPage))
      }
    } else if (value !== '' && value !== 0) query.set(name, String(value))
  }
  return query.toString()
}

function wireValue(field: DescField, value: unknown): unknown {
  if (!field.enum) return value
  const text = (field.enum.value[value as number]?.localName ?? '').toLowerCase()
  return field.enum.name === 'MfaRequirement' ? (RELAY_WORDS[text] ?? text) : text
}
