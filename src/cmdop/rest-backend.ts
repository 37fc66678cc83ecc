/** REST, without a core: experimental, because it is known from what the cores ask and not from the servers. */
import type { Call } from '../core/call.js'
import { parseRetryAfter } from '../core/policy/retry-after.js'
import { readText } from '../core/read-text.js'
import { abortError, createDeadline, raceSignal, within, type Deadline } from '../core/deadline.js'
import type { ExchangeTransport, Reply } from '../transport.js'
import { CLOSE_GRACE_MS, type Backend, type Closing } from './backend.js'
import type { ResolvedConfig } from './config.js'
import { clientClosed, CmdopError, remoteFailure } from './errors.js'
import { OPS, planeOf, type OpName, type Plane } from './ops.js'
import { fromWire } from './plain.js'
import { openRestAsk } from './rest-ask.js'
import { REST_PATHS } from './rest-paths.js'
import { restExchange, SCHEMA_WORDS } from './rest-request.js'
import { schemaOf } from './schema.js'

export interface RestOptions extends Closing {
  readonly transport: ExchangeTransport
  readonly config: ResolvedConfig
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Answers whose body says less than their status. */
const BY_STATUS: Readonly<Partial<Record<OpName, string>>> = { 'skills.publish': 'accepted', 'skills.publishStatus': 'ok' }

export function createRestBackend({ transport, config, clock, closeGraceMs = CLOSE_GRACE_MS }: RestOptions): Backend {
  const life = new AbortController()
  // Each call has an end of its own: a signal for all of them would gather listeners, of which Node warns.
  const flying = new Map<Promise<unknown>, Deadline>()
  let closing: Promise<void> | undefined
  const closed = () => clientClosed({ transport: transport.name })

  const headers = (plane: Plane): Record<string, string> => ({
    accept: 'application/json',
    ...(plane === 'relay' && config.token ? { authorization: `Bearer ${config.token}` } : {}),
    ...(plane === 'platform' && config.apiKey ? { 'x-api-key': config.apiKey } : {}),
  })

  const send = async (name: OpName, request: unknown, signal: AbortSignal, trace: Call['trace']): Promise<unknown> => {
    const fields = request as Readonly<Record<string, unknown>>
    const exchange = restExchange(REST_PATHS[name], schemaOf(OPS[name].request), fields, headers(planeOf(name)))
    const reply = await transport.exchange(exchange, { signal, trace })
    const facts = { op: name, transport: transport.name, system: 'cmdop' }
    const text = await readText(reply.body, MAX_ANSWER_BYTES, facts)
    if (reply.status < 200 || reply.status > 299) throw restFailure(reply, text, facts)
    return answerOf(name, text, facts)
  }

  /** Lets calls finish; asks, which may go on for hours, are not waited for. */
  const shutDown = async (): Promise<void> => {
    if (flying.size > 0 && closeGraceMs > 0) {
      const grace = createDeadline({ timeoutMs: closeGraceMs, clock })
      await raceSignal(Promise.allSettled(flying.keys()), grace.signal).catch(() => {})
      grace[Symbol.dispose]()
    }
    const reason = clientClosed({ transport: transport.name }, 'maybe')
    for (const held of [life, ...flying.values()]) held.abort(reason)
  }

  return {
    async unary(name, request, { signal, trace }: Call) {
      if (closing) throw closed()
      const deadline = createDeadline({ signal })
      const giveUp = () => abortError(deadline.signal, { op: name, transport: transport.name, sent: 'maybe' })
      // No longer than its signal, which a transport may not keep: a call that was given up must not hold a close.
      const work = within(send(name, request, deadline.signal, trace), deadline.signal, { giveUp })
      flying.set(work, deadline)
      try {
        return await work
      } catch (error) {
        // However a transport tells that it was stopped.
        throw life.signal.aborted && !signal.aborted ? life.signal.reason : error
      } finally {
        flying.delete(work)
        deadline[Symbol.dispose]()
      }
    },
    async ask(request, sink, call) {
      if (closing) throw closed()
      return openRestAsk({ transport, headers: headers('relay'), life: life.signal }, request, sink, call)
    },
    close() {
      closing ??= shutDown()
      return closing
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
  const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now())
  return remoteFailure(code, `HTTP ${status} ${said(text)}`.trim(), { ...facts, status, retryAfterMs }, ofStream)
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
