/** The relay as an exchange transport in memory, for the REST client. */
import { abortError, raceSignal } from '../../core/deadline.js'
import { SignalboxError } from '../../errors.js'
import type { ExchangeTransport } from '../../transport.js'
import type { CmdopRelaySimulator } from './relay.js'
import { sseStream } from './sse-text.js'

const NAME = 'cmdop-relay-simulator'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * An exchange transport to a simulated relay in memory, for `cmdopRest`.
 *
 * @example
 * import { createCmdop } from 'signalbox/cmdop'
 * import { cmdopRest } from 'signalbox/cmdop/rest'
 * import { createCmdopRelaySimulator, relayExchange } from 'signalbox/testing'
 *
 * const cmdop = createCmdop({ transport: cmdopRest(relayExchange(createCmdopRelaySimulator())) })
 * console.log((await cmdop.machines.list()).items.length)
 */
export function relayExchange(relay: CmdopRelaySimulator): ExchangeTransport {
  return {
    kind: 'exchange',
    name: NAME,
    async exchange({ method, path, headers = {}, body }, { signal } = {}) {
      if (signal?.aborted) throw abortError(signal, { transport: NAME, sent: 'no' })
      if (body instanceof ReadableStream) throw new Error('the simulated relay reads no streaming bodies')
      const text = typeof body === 'string' ? body : decoder.decode(body)
      const lower = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]))
      const answer = relay.handle({ method, path, headers: lower, body: text })
      if (answer === 'reset') {
        throw new SignalboxError({ code: 'closed', message: 'The connection was reset.', transport: NAME, sent: 'maybe' })
      }
      if (answer === 'silent') {
        if (!signal) return new Promise<never>(() => {})
        return raceSignal(new Promise<never>(() => {}), signal).catch(() => {
          throw abortError(signal, { transport: NAME, sent: 'maybe' })
        })
      }
      if ('sse' in answer) {
        const body = sseStream(answer.sse, signal)
        return { status: 200, headers: { 'content-type': 'text/event-stream' }, body }
      }
      const bytes = encoder.encode(answer.json === undefined ? '' : JSON.stringify(answer.json))
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          if (bytes.byteLength > 0) controller.enqueue(bytes)
          controller.close()
        },
      })
      return { status: answer.status, headers: { 'content-type': 'application/json', ...answer.headers }, body: stream }
    },
  }
}
