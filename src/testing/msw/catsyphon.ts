/** MSW handlers for a CatSyphon server: they pass requests to the simulator. */
import { http, HttpResponse, type HttpHandler } from 'msw'
import { createCatsyphonSimulator, type CatsyphonSimulator } from '../catsyphon/simulator.js'

/** Options of `catsyphonHandlers`. */
export interface CatsyphonHandlersOptions {
  /** The address of the server, with its path if it has one. Default `http://localhost:8000`. */
  readonly baseUrl?: string
  /** The simulator that answers. Pass one to read its ledger and to inject faults. Default: a new one of the current generation. */
  readonly simulator?: CatsyphonSimulator
}

/**
 * MSW handlers for a CatSyphon server. Injected resets, refusals and cut answers reach the page as network errors.
 *
 * @example
 * import { setupServer } from 'msw/node'
 * import { createCatsyphonSimulator } from 'signalbox/testing'
 * import { catsyphonHandlers } from 'signalbox/testing/msw'
 *
 * const simulator = createCatsyphonSimulator()
 * setupServer(...catsyphonHandlers({ simulator })).listen()
 */
export function catsyphonHandlers(options: CatsyphonHandlersOptions = {}): HttpHandler[] {
  const { baseUrl = 'http://localhost:8000', simulator = createCatsyphonSimulator() } = options
  const base = new URL(baseUrl)
  const prefix = base.pathname.replace(/\/+$/, '')
  return [
    http.all(`${base.origin}${prefix}/*`, async ({ request }) => {
      const url = new URL(request.url)
      const headers: Record<string, string> = { host: url.host }
      request.headers.forEach((value, name) => {
        headers[name] = value
      })
      const path = url.pathname.slice(prefix.length) + url.search
      const body = new Uint8Array(await request.arrayBuffer())
      const outcome = await simulator.handle({ method: request.method, path, headers, body })
      // MSW has no connection to reset or refuse. Both become a network error.
      if (outcome.kind !== 'answer') return HttpResponse.error()
      const { body: whole, truncated } = outcome
      const empty = whole === '' || [204, 304].includes(outcome.status)
      return new HttpResponse(truncated ? halfOf(whole) : empty ? null : whole, {
        status: outcome.status,
        headers: { ...outcome.headers },
      } as never)
    }),
  ]
}

/** A body that sends the first half and then fails. */
function halfOf(body: string): never {
  const pieces = [new TextEncoder().encode(body.slice(0, body.length / 2))].values()
  return new ReadableStream<Uint8Array>({
    // One chunk for each pull, because an error discards the chunks that were not read.
    pull(controller) {
      const { done, value } = pieces.next()
      if (done || value.byteLength === 0) controller.error(new TypeError('terminated'))
      else controller.enqueue(value)
    },
  }) as never
}
