/**
 * Reaches the daemon through CCCC's web port, which a page can use without a bridge. It has fewer ops than the socket, its stream carries
 * every kind of event and replays none, and its access rules are those of its operator. The gateway is the better choice.
 */
import { systemClock, type Clock } from '../../core/clock.js'
import { MAX_LINE_BYTES } from '../../core/codec/ndjson.js'
import { codeOfStatus } from '../../core/http-status.js'
import { readText } from '../../core/read-text.js'
import type { ExchangeTransport, OpenOptions, Reply } from '../../transport.js'
import { apiError, badArgument, CcccError, unsupported } from '../errors.js'
import { isRecord } from '../../core/is-record.js'
import type { CcccDialect, Loose } from '../shapes.js'
import type { Wire, WireReply } from '../wire.js'
import { loadRoutes, webRequest, type WebRequest } from './routes.js'
import { parsed, webEvents } from './events.js'
import { openTerminal, type CcccWebTerminals, type WebTerminal } from './terminal.js'

/** How to reach the web port. */
export interface CcccWebPortOptions {
  /** Sends the requests, with what authenticates there. Put a token into a header, never into a URL. */
  readonly exchange: ExchangeTransport
  /** For `terminal.attach` and `terminal.resize`, which go over a WebSocket. Without it they are `unsupported`. */
  readonly terminals?: CcccWebTerminals
  /** Replaces the system clock in tests. */
  readonly clock?: Clock
  /** The longest answer that is accepted; default 32 MiB. */
  readonly maxAnswerBytes?: number
}

/** A transport for `createCccc`, in place of a socket. */
export interface CcccWebPort {
  /** Tells it from a `StreamTransport`. */
  readonly kind: 'web'
  /** The name of the exchange. */
  readonly name: string
  /** Carries the requests. */
  readonly wire: Wire
}

/**
 * Makes a transport to the web port of CCCC.
 * @example
 * import { createCccc } from 'signalbox/cccc'
 * import { ccccWebPort } from 'signalbox/cccc/web'
 * import { fetchExchange } from 'signalbox/web'
 *
 * const exchange = fetchExchange({ baseUrl: 'http://127.0.0.1:8848', credentials: 'same-origin' })
 * await using client = createCccc({ transport: ccccWebPort({ exchange }) })
 * console.log((await client.groups.list()).groups.length)
 */
export function ccccWebPort(options: CcccWebPortOptions): CcccWebPort {
  const { exchange: transport, clock = systemClock, maxAnswerBytes = MAX_LINE_BYTES } = options
  const { terminals } = options
  const routes = loadRoutes()
  /** Attached terminals, by group and actor: a new size is sent over the same WebSocket. */
  const attached = new Map<string, WebTerminal>()
  let count = 0

  const send = (request: WebRequest, options: OpenOptions): Promise<Reply> => {
    const headers = request.body === undefined ? {} : { 'content-type': 'application/json' }
    return transport.exchange({ ...request, headers }, options)
  }

  /** The daemon's envelope, or one made from the error of the web layer. The status is 200 even for a refusal of the daemon. */
  const answerOf = async (op: string, reply: Reply): Promise<Loose> => {
    const text = await readText(reply.body, maxAnswerBytes, { system: 'cccc', transport: transport.name, op })
    const value = parsed(text)
    // A missing group has another code: `not_found` means that there is no such route.
    const unknown = isRecord(value) && isRecord(value.error) && value.error.code === 'not_found'
    const missing = (reply.status === 404 && (unknown || !isRecord(value))) || reply.status === 405
    if (!missing && isRecord(value) && typeof value.ok === 'boolean') return value
    if (missing) return { ok: false, result: {}, error: { code: 'unknown_op', message: `the web port has no route for ${op}` } }
    // The page of a proxy or of another server: it does not show whether the daemon got the request.
    const { status } = reply
    throw new CcccError({
      code: status < 300 ? 'invalid_message' : codeOfStatus(status),
      op,
      status,
      sent: 'maybe',
      message: `${op}: ${status} without an envelope, so it is not the daemon's answer.`,
      hint: 'Check the proxies between here and the web port.',
    })
  }

  const exists = async (path: string, signal: AbortSignal): Promise<boolean> => {
    const reply = await send({ method: 'GET', path }, { signal })
    // Without access the status does not show which routes there are.
    if (reply.status === 401 || reply.status === 403)
      throw apiError('dialect', await answerOf('dialect', reply), undefined, reply.status)
    // Neither does the page of a proxy. An envelope of the daemon does, even one with an error.
    if (reply.status >= 500) await answerOf('dialect', reply)
    else await reply.body?.cancel()
    return reply.status !== 404
  }

  /** Tells the dialect by routes that came with it: over HTTP an op with empty arguments is another request. */
  const dialectOf = async (signal: AbortSignal): Promise<CcccDialect> => {
    if (await exists('/api/v1/ready', signal)) return 'C'
    return (await exists('/api/v1/capabilities/overview?limit=1', signal)) ? 'B' : 'A'
  }

  const keyOf = ({ group_id: groupId, actor_id: actorId }: Loose): string => JSON.stringify([groupId, actorId])

  /** The web port does not answer a resize, so the answer is made here. */
  const resize = (args: Loose): Loose => {
    const { group_id, actor_id, cols, rows } = args
    const terminal = attached.get(keyOf(args))
    if (!terminal) {
      throw unsupported(
        'term_resize',
        'Over the web port only an attached terminal has a size.',
        'Attach it with this client first.',
      )
    }
    if (typeof cols !== 'number' || typeof rows !== 'number' || cols < 10 || rows < 2) {
      throw badArgument('term_resize', `${String(cols)} columns and ${String(rows)} rows are no size.`, 'At least 10 by 2.')
    }
    terminal.resize(cols, rows)
    return { v: 1, ok: true, result: { group_id, actor_id, cols, rows } }
  }

  const takeOver = async (op: string, args: Loose, signal: AbortSignal): Promise<WireReply> => {
    if (op !== 'term_attach') {
      throw unsupported(
        op,
        `${op} takes over its connection, and the web port cannot give one away.`,
        'Use the IPC socket, or a gateway.',
      )
    }
    if (!terminals) throw unsupported(op, 'A terminal goes over a WebSocket.', 'Pass terminals: { url } to ccccWebPort.')
    const dialect = await dialectOf(signal)
    count += 1
    const terminal = await openTerminal({ terminals, args, dialect, clock, signal, id: `terminal-${count}` })
    const key = keyOf(args)
    attached.set(key, terminal)
    void terminal.link.closed.then(() => {
      if (attached.get(key) === terminal) attached.delete(key)
    })
    return terminal
  }

  const wire: Wire = {
    kind: 'web',
    name: transport.name,
    async request(op, args, io) {
      const { signal } = io.deadline
      if (io.takeOver) return takeOver(op, args, signal)
      if (op === 'term_resize' && terminals) return { answer: resize(args) }
      const route = routes.get(op)
      if (!route) throw unsupported(op, `The web port has no route for ${op}.`, 'Use the IPC socket, or a gateway.')
      const answer = await answerOf(
        op,
        await send(webRequest(op, route, args), { signal, ...(io.trace ? { trace: io.trace } : {}) }),
      )
      const { result } = answer
      // The route wraps the daemon's own answer.
      if (op === 'ping' && isRecord(result) && isRecord(result.daemon)) return { answer: { ...answer, result: result.daemon } }
      return { answer }
    },
    has: (op) => routes.has(op) || (terminals !== undefined && (op === 'term_attach' || op === 'term_resize')),
    dialect: (signal) => dialectOf(signal ?? new AbortController().signal),
    events: (request) => webEvents({ ...request, clock, send, answerOf }),
    async close() {
      // Exchanges end with their calls.
    },
  }
  return { kind: 'web', name: transport.name, wire }
}
