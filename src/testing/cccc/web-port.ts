/**
 * Simulates CCCC's web port in front of a simulated daemon: routes, envelopes, tokens, event streams and terminals. As on a real
 * server, a refusal of the daemon has status 200, the stream replays nothing, and once there is a token every request needs one.
 */
import { systemClock, type Clock } from '../../core/clock.js'
import { MAX_LINE_BYTES } from '../../core/codec/ndjson.js'
import { onAbort } from '../../core/on-abort.js'
import { readText } from '../../core/read-text.js'
import { abortError, createDeadline } from '../../core/deadline.js'
import { socketWire } from '../../cccc/socket-wire.js'
import type { CcccEvent, Loose } from '../../cccc/shapes.js'
import type { CcccWebSocket } from '../../cccc/web/terminal.js'
import type { Exchange, ExchangeTransport, OpenOptions, Reply } from '../../transport.js'
import type { CcccSimulator } from './simulator.js'
import { createWebAccess, type CcccWebToken, type WebRefusal } from './web-access.js'
import { createWebCalls } from './web-ops.js'
import { simulatedWebSocket } from './web-terminal.js'

/** Options of `createCcccWebPortSimulator`. */
export interface CcccWebPortSimulatorOptions {
  /** The simulated daemon behind the web port. */
  readonly daemon: CcccSimulator
  /** Access tokens and their rights. Default: no tokens, and then every request is allowed. */
  readonly tokens?: Readonly<Record<string, CcccWebToken>>
  /** `exhibit` refuses every request that is not a read. Default `normal`. */
  readonly mode?: 'normal' | 'exhibit'
  /** Milliseconds between two looks of a stream into the stored events. Default 200, as on a real server. */
  readonly tailMs?: number
  /** The clock of streams and heartbeats. Default: the system's clock. */
  readonly clock?: Clock
}

/** A simulated web port of CCCC. */
export interface CcccWebPortSimulator extends AsyncDisposable {
  /**
   * An exchange transport for `ccccWebPort({ exchange })`. The token, if given, is used instead of the credentials of each request.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccWebPort } from 'signalbox/cccc/web'
   * import { createCcccSimulator, createCcccWebPortSimulator } from 'signalbox/testing'
   *
   * const port = createCcccWebPortSimulator({ daemon: createCcccSimulator(), tokens: { secret: { admin: true } } })
   * const cccc = createCccc({ transport: ccccWebPort({ exchange: port.exchange('secret') }) })
   */
  exchange(token?: string): ExchangeTransport
  /**
   * A WebSocket constructor for `ccccWebPort({ terminals: { url, webSocket } })`. The token, if given, is sent as a cookie.
   *
   * @example
   * import { ccccWebPort } from 'signalbox/cccc/web'
   * import { createCcccSimulator, createCcccWebPortSimulator } from 'signalbox/testing'
   *
   * const port = createCcccWebPortSimulator({ daemon: createCcccSimulator() })
   * const terminals = { url: 'http://127.0.0.1:8848', webSocket: port.webSocket() }
   * const transport = ccccWebPort({ exchange: port.exchange(), terminals })
   */
  webSocket(token?: string): new (url: string) => CcccWebSocket
  /** Every request in order, with the status of its answer. */
  readonly requests: { readonly method: string; readonly path: string; readonly status: number }[]
  /** The sizes that clients gave to terminals, in order. */
  readonly sizes: { readonly cols: number; readonly rows: number }[]
  /** How many event streams are open. */
  readonly streams: number
  /** How many terminals are open. */
  readonly terminals: number
  /**
   * Cuts every open stream and terminal, as a proxy does. New ones can be opened.
   *
   * @example
   * import { createCcccSimulator, createCcccWebPortSimulator } from 'signalbox/testing'
   *
   * const port = createCcccWebPortSimulator({ daemon: createCcccSimulator() })
   * port.drop()
   * console.log(port.streams, port.terminals)
   */
  drop(): void
}

const NAME = 'cccc-web'
const HEARTBEAT_MS = 30_000
const encoder = /* @__PURE__ */ new TextEncoder()

function json(status: number, body: unknown): Reply {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(JSON.stringify(body)))
      controller.close()
    },
  })
  return { status, headers: { 'content-type': 'application/json' }, body: stream }
}
const refused = ({ status, code, message, details = {} }: WebRefusal): Reply =>
  json(status, { ok: false, error: { code, message, details } })

/**
 * Creates CCCC's web port in front of a simulated daemon, in memory.
 *
 * Long because its routes share one simulated daemon and its tokens.
 *
 * @example
 * import { createCccc } from 'signalbox/cccc'
 * import { ccccWebPort } from 'signalbox/cccc/web'
 * import { createCcccSimulator, createCcccWebPortSimulator } from 'signalbox/testing'
 *
 * const port = createCcccWebPortSimulator({ daemon: createCcccSimulator() })
 * await using cccc = createCccc({ transport: ccccWebPort({ exchange: port.exchange() }) })
 * console.log((await cccc.groups.list()).groups.length)
 */
export function createCcccWebPortSimulator(options: CcccWebPortSimulatorOptions): CcccWebPortSimulator {
  const { daemon, mode = 'normal', tailMs = 200, clock = systemClock } = options
  const access = createWebAccess(options.tokens ?? {})
  const callOf = createWebCalls(daemon.dialect)
  const wire = socketWire({ transport: daemon.transport, clock, maxLineBytes: MAX_LINE_BYTES })
  const requests: { method: string; path: string; status: number }[] = []
  const sizes: { cols: number; rows: number }[] = []
  const streams = new Set<() => void>()
  const sockets = new Set<{ drop(code: number): void }>()

  const ledgerOf = (group: string): readonly CcccEvent[] | undefined => {
    try {
      return daemon.events(group)
    } catch {
      return undefined
    }
  }

  /** Begins at the end of the stored events at its first look, and replays nothing. */
  const stream = (group: string, signal: AbortSignal | undefined): Reply => {
    let timer = { cancel(): void {} }
    let at = ledgerOf(group)?.length ?? 0
    let quietSince = clock.monotonic()
    let stop = (): void => {}
    let leave = (): void => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(encoder.encode(': connected\n\n'))
        const look = (): void => {
          const fresh = (ledgerOf(group) ?? []).slice(at)
          at += fresh.length
          for (const event of fresh) controller.enqueue(encoder.encode(`event: ledger\ndata: ${JSON.stringify(event)}\n\n`))
          if (fresh.length > 0) quietSince = clock.monotonic()
          if (clock.monotonic() - quietSince >= HEARTBEAT_MS) {
            quietSince = clock.monotonic()
            controller.enqueue(encoder.encode(': heartbeat\n\n'))
          }
          timer = clock.after(tailMs, look)
        }
        timer = clock.after(tailMs, look)
        // The signal of the request covers the body too.
        const forget = onAbort(signal, () => {
          leave()
          controller.error(signal?.reason)
        })
        leave = () => {
          forget()
          timer.cancel()
          streams.delete(stop)
        }
        stop = () => {
          leave()
          controller.close()
        }
        streams.add(stop)
      },
      cancel: () => leave(),
    })
    return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }, body }
  }

  const ledgerRoute = (group: string, rest: string, url: URL, signal: AbortSignal | undefined): Reply | undefined => {
    const ledger = ledgerOf(group)
    const missing: WebRefusal = { status: 404, code: 'group_not_found', message: `group not found: ${group}` }
    if (rest === 'stream') return ledger ? stream(group, signal) : refused(missing)
    if (rest !== 'tail') return undefined
    if (!ledger) return refused(missing)
    const events = ledger.slice(-Number(url.searchParams.get('lines') ?? 50))
    const newer = daemon.dialect === 'C' ? { has_more: events.length < ledger.length, count: events.length } : {}
    return json(200, { ok: true, result: { events, ...newer } })
  }

  const answer = async (request: Exchange, token: string | undefined, { signal }: OpenOptions): Promise<Reply> => {
    const { method, headers = {} } = request
    const url = new URL(request.path, 'http://web.port')
    const group = /^\/api\/v1\/groups\/([^/]+)/.exec(url.pathname)?.[1]
    const writes = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
    const admin = writes && (url.pathname === '/api/v1/groups' || url.pathname.startsWith('/api/v1/actor_profiles'))
    const given = token ?? access.given(headers, url)
    // This route needs no token.
    if (daemon.dialect === 'C' && url.pathname === '/api/v1/ready') return json(200, { ok: true, result: { web: 'ready' } })
    const refusal = access.refuses(given, { admin, group: group && decodeURIComponent(group) })
    if (refusal) return refused(refusal)
    if (writes && mode === 'exhibit') return refused({ status: 403, code: 'read_only', message: 'read-only (exhibit) mode' })
    const ledger = /\/ledger\/(\w+)$/.exec(url.pathname)?.[1]
    const told = group && ledger && method === 'GET' ? ledgerRoute(decodeURIComponent(group), ledger, url, signal) : undefined
    if (told) return told

    const text = request.body instanceof ReadableStream ? await readText(request.body, 1e7, {}) : request.body
    const body: unknown =
      text === undefined ? undefined : JSON.parse(typeof text === 'string' ? text : new TextDecoder().decode(text))
    const call = callOf(method, url, body)
    const missing = call?.op === 'capability_overview' && daemon.dialect === 'A'
    if (!call || missing) return refused({ status: 404, code: 'not_found', message: 'Not Found' })
    if (call.op === 'send' && typeof call.args.text !== 'string') {
      const details = [{ loc: ['body', 'text'], msg: 'Field required', type: 'missing' }] as unknown as Loose
      return refused({ status: 422, code: 'validation_error', message: 'invalid request', details })
    }
    if (call.op === 'actor_add' && call.args.runner === 'headless') {
      return refused({ status: 400, code: 'headless_internal_only', message: 'Headless runner is internal-only.' })
    }
    if (call.op === 'chat_ack' && (body as Loose | undefined)?.by !== undefined && (body as Loose).by !== 'user') {
      return refused({ status: 403, code: 'permission_denied', message: 'ack is only supported as user in the web UI' })
    }
    if (call.op === 'reply_request_cancel' && (body as Loose | undefined)?.by !== undefined) {
      const details = [{ loc: ['body', 'by'], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' }] as unknown as Loose
      return refused({ status: 422, code: 'validation_error', message: 'invalid request', details })
    }
    let envelope: Loose
    try {
      envelope = (await wire.request(call.op, call.args, { deadline: createDeadline({ signal }) })).answer
    } catch {
      if (signal?.aborted) throw abortError(signal, { transport: NAME, sent: 'maybe' })
      return refused({ status: 503, code: 'daemon_unavailable', message: 'ccccd unavailable' })
    }
    if (call.op === 'ping') {
      const { version } = envelope.result as Loose
      const web = { mode, read_only: mode === 'exhibit' }
      return json(200, { ok: true, result: { daemon: envelope.result, version, web } })
    }
    if (call.op === 'actor_add' && daemon.dialect === 'C') {
      const { runner_effective: _, ...result } = (envelope.result ?? {}) as Loose
      return json(200, { ...envelope, result })
    }
    if (call.op === 'groups') {
      const listed = ((envelope.result as Loose).groups as Loose[]).filter(({ group_id: id }) => access.maySee(given, String(id)))
      return json(200, { ...envelope, result: { ...(envelope.result as Loose), groups: listed } })
    }
    return json(200, envelope)
  }

  const drop = (): void => {
    for (const stop of [...streams]) stop()
    for (const socket of [...sockets]) socket.drop(1006)
  }

  return {
    exchange: (token) => ({
      kind: 'exchange',
      name: NAME,
      async exchange(request, open = {}) {
        if (open.signal?.aborted) throw abortError(open.signal, { transport: NAME, sent: 'no' })
        const reply = await answer(request, token, open)
        requests.push({ method: request.method, path: request.path, status: reply.status })
        return reply
      },
    }),
    webSocket(token) {
      const cookie = token === undefined ? '' : `cccc_access_token=${token}`
      return simulatedWebSocket({ daemon, wire, access, sizes, sockets }, cookie)
    },
    requests,
    sizes,
    get streams() {
      return streams.size
    },
    get terminals() {
      return sockets.size
    },
    drop,
    async [Symbol.asyncDispose]() {
      drop()
      await wire.close()
    },
  }
}
