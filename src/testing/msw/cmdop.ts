/** MSW handlers for the relay and the platform of CMDOP: they pass requests to the simulated relay. */
import { http, HttpResponse, type HttpHandler } from 'msw'
import { createCmdopRelaySimulator, type CmdopRelaySimulator } from '../cmdop/relay.js'
import { sseStream } from '../cmdop/sse-text.js'

/** Options of `cmdopHandlers`. */
export interface CmdopHandlersOptions {
  /** The address of the relay. Default `https://cloud.cmdop.com`. */
  readonly baseUrl?: string
  /** The address of the platform. Default `https://api.cmdop.com`. */
  readonly apiBaseUrl?: string
  /** The relay that answers. Pass one to read its ledger and to inject faults. Default: a new one. */
  readonly relay?: CmdopRelaySimulator
}

/**
 * MSW handlers for CMDOP's relay and platform. A `reset` fault is a network error, and a `silent` one never answers.
 *
 * @example
 * import { setupServer } from 'msw/node'
 * import { cmdopHandlers } from 'signalbox/testing/msw'
 *
 * setupServer(...cmdopHandlers()).listen()
 */
export function cmdopHandlers(options: CmdopHandlersOptions = {}): HttpHandler[] {
  const { baseUrl = 'https://cloud.cmdop.com', apiBaseUrl = 'https://api.cmdop.com', relay = createCmdopRelaySimulator() } = options
  const resolver = async ({ request }: { request: Request }) => {
    const url = new URL(request.url)
    const headers: Record<string, string> = {}
    request.headers.forEach((value, name) => {
      headers[name] = value
    })
    const path = url.pathname + url.search
    const answer = relay.handle({ method: request.method, path, headers, body: await request.text() })
    if (answer === 'reset') return HttpResponse.error()
    if (answer === 'silent') return new Promise<never>(() => {})
    if ('sse' in answer) {
      return new HttpResponse(
        sseStream(answer.sse, request.signal) as never,
        { headers: { 'content-type': 'text/event-stream' } } as never,
      )
    }
    const { status, json } = answer
    const init = { status, headers: { 'content-type': 'application/json', ...answer.headers } }
    return new HttpResponse(json === undefined ? null : JSON.stringify(json), init as never)
  }
  return [http.all(`${new URL(baseUrl).origin}/api/*`, resolver), http.all(`${new URL(apiBaseUrl).origin}/apix/*`, resolver)]
}
