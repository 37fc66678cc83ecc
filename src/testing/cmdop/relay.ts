/** A relay and a platform in one. It answers HTTP requests, records them, and fails when a test says so. */
import { createAsks, type Asks } from './asks.js'
import { ROUTES, type Handler, type RelayAnswer } from './routes.js'
import { ROUTES_V2 } from './routes-v2.js'
import { createWorld, type CmdopWorld, type CmdopWorldOptions, type Json } from './world.js'

/** One HTTP request, as the relay sees it. */
export interface RelayRequest {
  /** The HTTP method in upper case. */
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Headers with lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The text of the body; '' if there is none. */
  readonly body: string
}

/** A fault of one request: an answer with this status, no answer (`silent`), or a cut connection (`reset`). */
export type RelayFault =
  | { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'silent'
  | 'reset'

/** Options of `createCmdopRelaySimulator`: its rows, and which credentials it accepts. */
export interface CmdopRelaySimulatorOptions extends CmdopWorldOptions {
  /** The token of the relay. Requests with another one get 401. Default: every request is accepted. */
  readonly token?: string
  /** The key of the platform. Requests with another one get 401. Default: every request is accepted. */
  readonly apiKey?: string
  /** 2 for the relay behind a core 2.0, which has other routes. Default 1. */
  readonly generation?: 1 | 2
  /** Gives a prompt the marks that decide its answer. Undefined: the marks of the prompt itself count. */
  readonly script?: (prompt: string) => string | undefined
}

/** A simulated relay with its platform, in memory. */
export interface CmdopRelaySimulator {
  /**
   * Answers one request, or says that the connection is cut (`reset`) or that no answer comes (`silent`).
   *
   * @example
   * import { createCmdopRelaySimulator } from 'signalbox/testing'
   *
   * const relay = createCmdopRelaySimulator()
   * console.log(relay.handle({ method: 'GET', path: '/api/machines', headers: {}, body: '' }))
   */
  handle(request: RelayRequest): RelayAnswer | 'silent' | 'reset'
  /** The rows behind the routes. A test may change them. */
  readonly world: CmdopWorld
  /** The asks that run now, and their open questions. */
  readonly asks: Asks
  /** Every request in order, also those that failed. */
  readonly ledger: readonly RelayRequest[]
  /**
   * Makes the next request to a route fail in this way, once. The route is `METHOD /path`; the beginning of a path is enough.
   *
   * @example
   * import { createCmdopRelaySimulator } from 'signalbox/testing'
   *
   * const relay = createCmdopRelaySimulator()
   * relay.failNext('GET /api/machines', { status: 503, headers: { 'retry-after': '1' } })
   * relay.failNext('POST /api', 'reset')
   */
  failNext(route: string, fault: RelayFault): void
}

interface Matched {
  readonly handler: Handler
  readonly params: Readonly<Record<string, string>>
}

/**
 * Creates a relay with its platform in memory. Several simulated cores can share it, and the REST client can use it.
 *
 * @example
 * import { createCmdop } from 'signalbox/cmdop'
 * import { cmdopRest } from 'signalbox/cmdop/rest'
 * import { createCmdopRelaySimulator, relayExchange } from 'signalbox/testing'
 *
 * const relay = createCmdopRelaySimulator({ machines: 5 })
 * relay.failNext('GET /api/machines', { status: 503 })
 * const cmdop = createCmdop({ transport: cmdopRest(relayExchange(relay)) })
 * await cmdop.machines.list().catch((error: unknown) => console.error(error))
 * console.log(relay.ledger.length)
 */
export function createCmdopRelaySimulator(options: CmdopRelaySimulatorOptions = {}): CmdopRelaySimulator {
  const world = createWorld(options)
  const { generation = 1 } = options
  const asks = createAsks(generation, options.script)
  const table = TABLES[generation]
  const ledger: RelayRequest[] = []
  const faults: { readonly route: string; readonly fault: RelayFault }[] = []

  const authorized = ({ path, headers }: RelayRequest): boolean => {
    if (!path.startsWith('/apix/')) return options.token === undefined || headers.authorization === `Bearer ${options.token}`
    const open = /^\/apix\/skills\/(categories|tags)\//.test(path)
    return open || options.apiKey === undefined || headers['x-api-key'] === options.apiKey
  }

  return {
    world,
    asks,
    ledger,
    failNext: (route, fault) => void faults.push({ route, fault }),
    handle(request) {
      ledger.push(request)
      const [path = '', search = ''] = request.path.split('?')
      const at = faults.findIndex(({ route }) => `${request.method} ${path}`.startsWith(route))
      const [struck] = at < 0 ? [] : faults.splice(at, 1)
      if (struck) return typeof struck.fault === 'string' ? struck.fault : struck.fault
      if (!authorized(request)) return { status: 401, json: { detail: 'Not authenticated' } }
      const matched = match(table, request.method, path)
      if (!matched) return { status: 404, json: { detail: 'Not Found' } }
      const body = (request.body === '' ? {} : JSON.parse(request.body)) as Json
      return matched.handler({
        world,
        asks,
        params: matched.params,
        query: new URLSearchParams(search),
        headers: request.headers,
        body,
      })
    },
  }
}

interface TableRow {
  readonly method: string
  readonly parts: readonly string[]
  readonly handler: Handler
}

const tableOf = (routes: Readonly<Record<string, Handler>>): readonly TableRow[] =>
  Object.entries(routes)
    .map(([route, handler]) => {
      const [method = '', path = ''] = route.split(' ')
      return { method, parts: path.split('/'), handler }
    })
    // Literal parts come before parameters, so that `/my/` is not taken for a slug.
    .sort((a, b) => literals(b.parts) - literals(a.parts))

const TABLES: Readonly<Record<1 | 2, readonly TableRow[]>> = { 1: tableOf(ROUTES), 2: tableOf(ROUTES_V2) }

function literals(parts: readonly string[]): number {
  return parts.filter((part) => !part.startsWith('{')).length
}

function match(table: readonly TableRow[], method: string, path: string): Matched | undefined {
  const given = path.split('/')
  for (const { method: wanted, parts, handler } of table) {
    if (wanted !== method || parts.length !== given.length) continue
    const params: Record<string, string> = {}
    const fits = parts.every((part, index) => {
      const value = given[index] ?? ''
      if (!part.startsWith('{')) return part === value
      params[part.slice(1, -1)] = decodeURIComponent(value)
      return value !== ''
    })
    if (fits) return { handler, params }
  }
  return undefined
}
