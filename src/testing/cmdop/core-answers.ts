/** Turns an HTTP answer into a message of the schema, or into an error code, as a core does. */
import { fromJson, type DescMessage, type JsonValue, type Message } from '@bufbuild/protobuf'
import { schemaOf } from '../../cmdop/schema.js'
import type { CoreRequest } from './core-requests.js'
import type { Row } from './world.js'

/** The relay uses other names: `any` stands for two values of the schema, and the core takes the stricter one. */
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

/** Enum values as proto3 JSON names them. */
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

/** Error texts of the core. It decodes a 422 into a type that its caller does not expect, so the code becomes `internal`. */
export function failureOf(status: number, json: unknown, loose: boolean): { readonly code: string; readonly message: string } {
  if (loose) return { code: codeOfStatus(status), message: `http ${status}: ${JSON.stringify(json)}` }
  if (status === 422) return { code: 'internal', message: 'unexpected response *api.HTTPValidationError' }
  return { code: codeOfStatus(status), message: `decode response: unexpected status code: ${status}` }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The first invalid id. */
export function badUuid(uuids: Readonly<Record<string, string>> = {}): string | undefined {
  const bad = Object.entries(uuids).find(([, value]) => !UUID.test(value))
  return bad && `invalid ${bad[0]}: invalid UUID length: ${bad[1].length}`
}
