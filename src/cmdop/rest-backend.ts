/** REST, without a core: experimental, because it is known from what the cores ask and not from the servers. */
import type { Call } from '../core/call.js'
import { readText } from '../core/read-text.js'
import { abortError, createDeadline, raceSignal, within, type Deadline } from '../core/deadline.js'
import type { ExchangeTransport } from '../transport.js'
import { CLOSE_GRACE_MS, type Backend, type BackendOptions } from './backend.js'
import type { ResolvedConfig } from './config.js'
import { clientClosed } from './errors.js'
import { OPS, planeOf, type OpName, type Plane } from './ops.js'
import { openRestAsk } from './rest-ask.js'
import { REST_PATHS } from './rest-paths.js'
import { requireV1 } from './core-v1.js'
import { restAnswer } from './rest-answer.js'
import { restFailure } from './rest-failure.js'
import { restExchange } from './rest-request.js'
import { schemaOf } from './schema.js'

export interface RestOptions extends BackendOptions {
  readonly transport: ExchangeTransport
  readonly config: ResolvedConfig
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024

export function createRestBackend(options: RestOptions): Backend {
  const { transport, config, clock, closeGraceMs = CLOSE_GRACE_MS, complain } = options
  const lifetime = new AbortController()
  // Each call has its own deadline. One signal for all calls would collect listeners, and Node would print a warning.
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
    return restAnswer(name, text, facts, complain?.(name))
  }

  /** Lets calls finish; asks, which may go on for hours, are not waited for. */
  const shutDown = async (): Promise<void> => {
    if (flying.size > 0 && closeGraceMs > 0) {
      const grace = createDeadline({ timeoutMs: closeGraceMs, clock })
      await raceSignal(Promise.allSettled(flying.keys()), grace.signal).catch(() => {})
      grace[Symbol.dispose]()
    }
    const reason = clientClosed({ transport: transport.name }, 'maybe')
    for (const flight of [lifetime, ...flying.values()]) flight.abort(reason)
  }

  return {
    async unary(name, request, { signal, trace }: Call) {
      if (closing) throw closed()
      requireV1(name, request, { op: name, transport: transport.name })
      const deadline = createDeadline({ signal })
      const giveUp = () => abortError(deadline.signal, { op: name, transport: transport.name, sent: 'maybe' })
      // The wait ends with the signal even if the transport ignores the signal. Otherwise a call that was given up would delay `close`.
      const work = within(send(name, request, deadline.signal, trace), deadline.signal, { giveUp })
      flying.set(work, deadline)
      try {
        return await work
      } catch (error) {
        // After `close` of this client the reason is `closed`. The transport may report another error for it.
        throw lifetime.signal.aborted && !signal.aborted ? lifetime.signal.reason : error
      } finally {
        flying.delete(work)
        deadline[Symbol.dispose]()
      }
    },
    async ask(request, sink, call) {
      if (closing) throw closed()
      return openRestAsk({ transport, headers: headers('relay'), lifetime: lifetime.signal }, request, sink, call)
    },
    close() {
      closing ??= shutDown()
      return closing
    },
  }
}
