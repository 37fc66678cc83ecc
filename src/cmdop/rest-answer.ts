/** The answer of an op over REST, from the text of a successful reply to the object that a core would give. */
import { CmdopError } from './errors.js'
import { OPS, type OpName } from './ops.js'
import type { Complaint } from './plain.js'
import { SCHEMA_WORDS } from './rest-request.js'
import { schemaOf } from './schema.js'
import { fromWire, type WireReader } from './wire-json.js'

/** Answers whose body says less than their status. */
const BY_STATUS: Readonly<Partial<Record<OpName, string>>> = { 'skills.publish': 'accepted', 'skills.publishStatus': 'ok' }

interface AnswerFacts {
  readonly op: string
  readonly transport: string
  readonly system: string
}

/** Without `complain` nothing about the answer is checked, except that it is JSON. */
export function restAnswer(name: OpName, text: string, facts: AnswerFacts, complain: Complaint | undefined): unknown {
  const { answer } = OPS[name]
  const byStatus = BY_STATUS[name]
  if (answer === 'empty') return undefined
  if (byStatus !== undefined) return { status: byStatus }
  const reader: WireReader = {
    words: SCHEMA_WORDS,
    complain: complain ?? (() => {}),
    reject: complain && ((path, why) => reject(facts, path, why)),
  }
  return shaped(name, parsed(text, facts), reader)
}

function shaped(name: OpName, json: unknown, reader: WireReader): unknown {
  const schema = schemaOf(OPS[name].answer)
  // `tunnels.sessions` and the lists of the platform that are not paged are bare arrays.
  if (Array.isArray(json) && schema.fields.length === 1) return fromWire(schema, { items: json }, reader)
  if (name === 'machines.get') return machineDetail(json, reader)
  return fromWire(schema, schema.field.offset ? withOffset(json, reader) : json, reader)
}

/** The relay gives a machine's detail in one flat object; the schema has a part of it under `summary`. */
function machineDetail(json: unknown, reader: WireReader): unknown {
  const detail = schemaOf('machineDetail')
  const summary = schemaOf('machineSummary')
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fromWire(detail, json, reader)
  const own: Record<string, unknown> = {}
  const common: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(json)) {
    if (summary.fields.some((field) => field.name === key)) common[key] = value
    else own[key] = value
  }
  return fromWire(detail, { ...own, summary: common }, reader)
}

/** The relay numbers its pages; the schema counts items. Members that only number pages are left out. */
function withOffset(json: unknown, { reject }: WireReader): unknown {
  if (typeof json !== 'object' || json === null) return json
  const { page, has_next: _next, has_prev: _previous, ...rest } = json as Readonly<Record<string, unknown>>
  if (typeof page !== 'number') {
    if (!('offset' in rest)) reject?.('page', 'is missing')
    return rest
  }
  const { per_page: perPage } = rest
  return { ...rest, offset: (Math.max(page, 1) - 1) * (typeof perPage === 'number' ? perPage : 0) }
}

function parsed(text: string, facts: AnswerFacts): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `The answer to ${facts.op} is no JSON.`
    throw new CmdopError({ ...facts, code: 'protocol', message, sent: 'yes', cause })
  }
}

function reject(facts: AnswerFacts, path: string, why: string): never {
  throw new CmdopError({
    ...facts,
    code: 'protocol',
    message: `The answer to ${facts.op} has another shape: ${path} ${why}.`,
    sent: 'yes',
  })
}
