/**
 * CCCC's web port as a way to the daemon: what a page can reach without a bridge. It knows fewer ops than the socket, its stream carries
 * every kind of event and replays none, and it is as open as its operator left it. A gateway is the better way.
 */
import { systemClock, type Clock } from '../../core/clock.js'
import { readText } from '../../core/read-text.js'
import type { ExchangeTransport, Reply } from '../../transport.js'
import { unsupported } from '../errors.js'
import { isRecord, type CcccDialect, type Loose } from '../shapes.js'
import type { Wire, WireOptions } from '../wire.js'
import { loadRoutes, webRequest, type WebRequest } from './routes.js'
import { webEvents } from './events.js'

export interface CccccWebPortOptions {
  /** The origin of the web port, and whatever authenticates there. A token belongs into a header, never into a URL. */
  readonly exchange: ExchangeTransport
  readonly clock?: Clock
  /** The longest answer that is accepted; default 32 MiB. */
  readonly maxAnswerBytes?: number
}

/** What `createCccc` takes in the place of a socket. */
export interface CccccWebPort {
  readonly kind: 'web'
  readonly name: string
  readonly wire: Wire
}

const ANSWER_BYTES = 32 * 1024 * 1024

export function ccccWebPort(options: CccccWebPortOptions): CccccWebPort {
  const { exchange: transport, clock = systemClock, maxAnswerBytes = ANSWER_BYTES } = options
  const routes = loadRoutes()

  const send = (request: WebRequest, { signal, trace }: WireOptions): Promise<Reply> => {
    const headers = request.body === undefined ? {} : { 'content-type': 'application/json' }
    return transport.exchange({ ...request, headers }, { signal, ...(trace ? { trace } : {}) })
  }

  /** The daemon's envelope, or one made of what the web layer says: its status is 200 even for refusals of the daemon. */
  const answerOf = async (op: string, reply: Reply): Promise<Loose> => {
    const text = await readText(reply.body, maxAnswerBytes, { system: 'cccc', transport: transport.name, op })
    const value = parsed(text)
    // A missing group has a code of its own; this one means that there is no such route.
    const unknown = isRecord(value) && isRecord(value.error) && value.error.code === 'not_found'
    const missing = (reply.status === 404 && (unknown || !isRecord(value))) || reply.status === 405
    if (!missing && isRecord(value) && typeof value.ok === 'boolean') return value
    const message = missing ? `the web port has no route for ${op}` : `the web port answered ${reply.status} without an envelope`
    return { ok: false, result: {}, error: { code: missing ? 'unknown_op' : 'invalid_answer', message } }
  }

  const exists = async (path: string, signal: AbortSignal): Promise<boolean> => {
    const reply = await send({ method: 'GET', path }, { signal })
    await reply.body?.cancel()
    return reply.status !== 404
  }

  const wire: Wire = {
    kind: 'web',
    name: transport.name,
    async request(op, args, io) {
      const route = routes.get(op)
      if (!route) {
        throw unsupported(op, `The web port has no route for ${op}.`, 'Use the IPC socket, or a gateway in front of it.')
      }
      const answer = await answerOf(op, await send(webRequest(op, route, args), io))
      const { result } = answer
      // It wraps the daemon's own answer.
      return op === 'ping' && isRecord(result) && isRecord(result.daemon) ? { ...answer, result: result.daemon } : answer
    },
    async open(op) {
      throw unsupported(
        op,
        `${op} takes over its connection, which an HTTP exchange cannot give.`,
        'Use the IPC socket, or a gateway.',
      )
    },
    has: (op) => routes.has(op),
    /** By routes that came with a dialect: calling ops with empty arguments means something else here. */
    async dialect(given): Promise<CcccDialect> {
      const signal = given ?? new AbortController().signal
      if (await exists('/api/v1/ready', signal)) return 'C'
      return (await exists('/api/v1/capabilities/overview?limit=1', signal)) ? 'B' : 'A'
    },
    events: (request) => webEvents({ ...request, clock, send, answerOf }),
    async close() {
      // Exchanges end with their calls.
    },
  }
  return { kind: 'web', name: transport.name, wire }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
