/** What a core makes of an HTTP answer: a message by the schema, or a code. */
import { fromJson, type DescMessage, type JsonValue, type Message } from '@bufbuild/protobuf'
import { schemaOf } from '../../cmdop/schema.js'
import type { CoreRequest } from './core-requests.js'
import type { Row } from './world.js'

/** The relay has other words: `any` stands for two of the schema's and is read as the stricter. */
const WORDS: Readonly<Record<string, string>> = { any: 'REQUIRED', completed: 'SUCCESS' }
const ENUM_WORDS: Readonly<Record<string, string>> = {
  mfa_required: 'MFA_REQUIREMENT_',
  target_kind: 'SCHEDULE_TARGET_KIND_',
  last_status: 'SCHEDULE_RUN_STATUS_',
  status: 'SCHEDULE_RUN_STATUS_',
}

export function messageOf({ answer, bare }: CoreRequest, json: unknown): Message {
  const schema = schemaOf(answer)
  if (answer === 'skillsPublishResp') return decode(schema, { status: 'accepted' })
  if (answer === 'skillsPublishStatusResp') return decode(schema, { status: 'ok' })
  if (bare) return decode(schema, { items: json })
  const row = (json ?? {}) as Row
  if (answer === 'machineDetail') return decode(schema, { ...row, summary: row })
  if ('page' in row && 'items' in row) {
    const { page, per_page } = row as { page: number; per_page: number }
    return decode(schema, { ...row, offset: (page - 1) * per_page })
  }
  return decode(schema, row)
}

function decode(schema: DescMessage, json: Row): Message {
  return fromJson(schema, worded(json, schema) as JsonValue, { ignoreUnknownFields: true })
}

/** Enums in the words that proto3 JSON knows. */
function worded(json: unknown, schema: DescMessage): unknown {
  if (Array.isArray(json)) return json.map((item) => worded(item, schema))
  if (typeof json !== 'object' || json === null) return json
  const out: Row = {}
  for (const [key, value] of Object.entries(json)) {
    const field = schema.fields.find(({ name }) => name === key)
    if (field?.enum && typeof value === 'string') {
      const prefix = ENUM_WORDS[key] ?? ''
      out[key] = prefix + (WORDS[value] ?? value.toUpperCase())
    } else out[key] = field?.message ? worded(value, field.message) : value
  }
  return out
}

export function codeOfStatus(status: number): string {
  const known: Readonly<Record<number, string>> = {
    401: 'auth',
    403: 'permission',
    404: 'not_found',
    409: 'conflict',
    429: 'rate_limit',
  }
  return known[status] ?? (status >= 500 ? 'server' : 'validation')
}

/** Texts as the core writes them; 422 is decoded into a type that its caller does not expect, and so becomes `internal`. */
export function failureOf(status: number, json: unknown, loose: boolean): { readonly code: string; readonly message: string } {
  if (loose) return { code: codeOfStatus(status), message: `http ${status}: ${JSON.stringify(json)}` }
  if (status === 422) return { code: 'internal', message: 'unexpected response *api.HTTPValidationError' }
  return { code: codeOfStatus(status), message: `decode response: unexpected status code: ${status}` }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The first id that is none. */
export function badUuid(uuids: Readonly<Record<string, string>> = {}): string | undefined {
  const bad = Object.entries(uuids).find(([, value]) => !UUID.test(value))
  return bad && `invalid ${bad[0]}: invalid UUID length: ${bad[1].length}`
}
