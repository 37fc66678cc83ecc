/** The simulator as an exchange transport. An abort leaves the request running, as it does on the real server. */
import { abortError, raceSignal } from '../../core/deadline.js'
import { joinBytes } from '../../core/join-bytes.js'
import { SignalboxError } from '../../errors.js'
import type { Exchange, ExchangeTransport, Reply } from '../../transport.js'
import type { SimulatedOutcome } from './answers.js'
import type { SimulatedRequest } from './types.js'

const NAME = 'catsyphon-simulator'
const encoder = new TextEncoder()

export function exchangeOf(handle: (request: SimulatedRequest) => Promise<SimulatedOutcome>): ExchangeTransport {
  return {
    kind: 'exchange',
    name: NAME,
    async exchange(request, options) {
      const signal = options?.signal
      if (signal?.aborted) throw abortError(signal, { transport: NAME, sent: 'no' })
      const asked = handle(await toSimulated(request))
      const outcome = signal
        ? await raceSignal(asked, signal).catch((error: unknown) => {
            if (signal.aborted) throw abortError(signal, { transport: NAME, sent: 'maybe' })
            throw error
          })
        : await asked
      return replyOf(outcome)
    },
  }
}

async function toSimulated({ method, path, headers = {}, body }: Exchange): Promise<SimulatedRequest> {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    return { method, path, headers, ...(body === undefined ? {} : { body }) }
  }
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  for (let step = await reader.read(); !step.done; step = await reader.read()) chunks.push(step.value)
  return { method, path, headers, body: joinBytes(chunks) }
}

function replyOf(outcome: SimulatedOutcome): Reply {
  if (outcome.kind === 'refused') {
    throw new SignalboxError({ code: 'unreachable', message: 'Nothing listens there.', transport: NAME, sent: 'no' })
  }
  if (outcome.kind === 'reset') {
    throw new SignalboxError({ code: 'closed', message: 'The connection was reset.', transport: NAME, sent: 'maybe' })
  }
  const { status, headers, body, truncated } = outcome
  const bytes = encoder.encode(truncated ? body.slice(0, body.length / 2) : body)
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes)
      if (truncated)
        controller.error(new SignalboxError({ code: 'closed', message: 'The answer stopped half-way.', sent: 'maybe' }))
      else controller.close()
    },
  })
  return { status, headers, body: stream }
}
