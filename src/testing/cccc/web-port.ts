/**
 * Simulates CCCC's web port in front of a simulated daemon: routes, envelopes, tokens, the stream of a ledger and terminals. As on a real
 * one, a refusal of the daemon has status 200, the stream replays nothing, and once there is a token every request needs one.
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

export interface CcccWebPortSimulatorOptions {
  readonly daemon: CcccSimulator
  /** Without any, everything is open to everybody. */
  readonly tokens?: Readonly<Record<string, CcccWebToken>>
  /** `exhibit` refuses whatever is not read. */
  readonly mode?: 'normal' | 'exhibit'
  /** How often a stream looks into the ledger; a real one does every 200 ms. */
  readonly tailMs?: number
  readonly clock?: Clock
}

export interface CcccWebPortSimulator extends AsyncDisposable {
  /** For `ccccWebPort({ exchange })`. What signs in is given by the caller's headers, or here. */
  exchange(token?: string): ExchangeTransport
  /** For `ccccWebPort({ terminals: { url, webSocket } })`, signed in by cookie where a token is given. */
  webSocket(token?: string): new (url: string) => CcccWebSocket
  /** Everything that was asked, in order. */
  readonly requests: { readonly method: string; readonly path: string; readonly status: number }[]
  /** Sizes that terminals were given. */
  readonly sizes: { readonly cols: number; readonly rows: number }[]
  readonly streams: number
  readonly terminals: number
  /** Cuts every stream and terminal, as a proxy does. */
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

  /** Begins where the ledger ends when its tailer first looks; replays nothing. */
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
    // To everybody.
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
