/** REST, without a core: experimental, because it is known from what the cores ask and not from the servers. */
import type { Call } from '../core/call.js'
import { readText } from '../core/read-text.js'
import type { ExchangeTransport, Reply } from '../transport.js'
import type { Backend } from './backend.js'
import type { ResolvedConfig } from './config.js'
import { clientClosed, CmdopError, remoteFailure } from './errors.js'
import { OPS, planeOf, type OpName, type Plane } from './ops.js'
import { fromWire } from './plain.js'
import { openRestAsk } from './rest-ask.js'
import { REST_PATHS } from './rest-paths.js'
import { restExchange, SCHEMA_WORDS } from './rest-request.js'
import { schemaOf } from './schema.js'

export interface RestOptions {
  readonly transport: ExchangeTransport
  readonly config: ResolvedConfig
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Answers whose body says less than their status. */
const BY_STATUS: Readonly<Partial<Record<OpName, string>>> = { 'skills.publish': 'accepted', 'skills.publishStatus': 'ok' }

export function createRestBackend({ transport, config }: RestOptions): Backend {
  const life = new AbortController()
  const closed = () => clientClosed({ transport: transport.name })

  const headers = (plane: Plane): Record<string, string> => ({
    accept: 'application/json',
    ...(plane === 'relay' && config.token ? { authorization: `Bearer ${config.token}` } : {}),
    ...(plane === 'platform' && config.apiKey ? { 'x-api-key': config.apiKey } : {}),
  })

  return {
    async unary(name, request, { signal, trace }: Call) {
      if (life.signal.aborted) throw closed()
      const fields = request as Readonly<Record<string, unknown>>
      const exchange = restExchange(REST_PATHS[name], schemaOf(OPS[name].request), fields, headers(planeOf(name)))
      const reply = await transport.exchange(exchange, { signal, trace })
      const facts = { op: name, transport: transport.name, system: 'cmdop' }
      const text = await readText(reply.body, MAX_ANSWER_BYTES, facts)
      if (reply.status < 200 || reply.status > 299) throw restFailure(reply, text, facts)
      return answerOf(name, text, facts)
    },
    async ask(request, sink, call) {
      if (life.signal.aborted) throw closed()
      return openRestAsk({ transport, headers: headers('relay'), life: life.signal }, request, sink, call)
    },
    async close() {
      life.abort(closed())
    },
  }
}

function answerOf(name: OpName, text: string, facts: { op: string }): unknown {
  const { answer } = OPS[name]
  const byStatus = BY_STATUS[name]
  if (answer === 'empty') return undefined
  if (byStatus !== undefined) return { status: byStatus }
  const schema = schemaOf(answer)
  const json = parsed(text, facts)
  // Some lists come bare.
  if (Array.isArray(json)) return fromWire(schema, { items: json }, SCHEMA_WORDS)
  // The relay flattens a machine's detail; the schema nests what all machines have.
  if (name === 'machines.get') return fromWire(schema, { summary: json, ...(json as object) }, SCHEMA_WORDS)
  const shaped = fromWire(schema, json, SCHEMA_WORDS)
  return 'offset' in shaped ? withOffset(shaped) : shaped
}

/** The relay numbers its pages; the schema counts items. */
function withOffset(page: Record<string, unknown>): Record<string, unknown> {
  const { page: number, perPage } = page
  return typeof number === 'number' ? { ...page, offset: (Math.max(number, 1) - 1) * Number(perPage) } : page
}

function parsed(text: string, facts: { op: string }): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `${facts.op} was answered with something that is no JSON.`
    throw new CmdopError({ ...facts, code: 'protocol', message, sent: 'yes', cause })
  }
}

/** The codes that the core gives each status. */
const CODES: Readonly<Record<number, string>> = {
  401: 'auth',
  403: 'permission',
  404: 'not_found',
  409: 'conflict',
  429: 'rate_limit',
}

export function restFailure({ status, headers }: Reply, text: string, facts: { op: string }, ofStream = false): CmdopError {
  const code = CODES[status] ?? (status >= 500 ? 'server' : 'validation')
  const failure = remoteFailure(code, `HTTP ${status} ${said(text)}`.trim(), facts, ofStream)
  const seconds = Number(headers['retry-after'])
  const patience = headers['retry-after'] && Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {}
  return Object.assign(failure, { status, ...patience })
}

/** FastAPI says `detail`, Django `detail`, `message` or one member per field. Bounded: an error page may be long. */
function said(text: string): string {
  const LONGEST = 300
  try {
    const { detail, message } = JSON.parse(text) as { readonly detail?: unknown; readonly message?: unknown }
    const best = detail ?? message
    if (best !== undefined) return (typeof best === 'string' ? best : JSON.stringify(best)).slice(0, LONGEST)
  } catch {
    // No JSON: the text itself is all there is.
  }
  return text.slice(0, LONGEST)
}
