/** An ask over server-sent events. A confirmed plan goes on in the answer to its confirmation, as the core was seen to read it. */
import type { Call } from '../core/call.js'
import { sseDecoder } from '../core/codec/sse.js'
import { readText } from '../core/read-text.js'
import { onAbort } from '../core/on-abort.js'
import { abortError, createDeadline, whileOpening } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import type { ExchangeTransport, Reply } from '../transport.js'
import type { AskChannel, AskInit, AskSink } from './backend.js'
import { askRequestV1 } from './core-v1.js'
import { clientClosed, CmdopError, ConnectionError, remoteFailure } from './errors.js'
import { confirmFrame, type AskFrame } from './frames.js'
import { restFailure } from './rest-failure.js'
import { ASK_PATH, CONFIRM_PATH, PIN_PATH } from './rest-paths.js'

interface Rest {
  readonly transport: ExchangeTransport
  readonly headers: Readonly<Record<string, string>>
  readonly lifetime: AbortSignal
}

const MAX_ERROR_BYTES = 1024 * 1024
const OP = 'machines.ask'

export async function openRestAsk(rest: Rest, request: AskInit, sink: AskSink, call: Call): Promise<AskChannel> {
  const { transport } = rest
  const facts = { op: OP, transport: transport.name, system: 'cmdop' } as const
  const asked = askRequestV1(request, facts)
  const lifetime = createDeadline({ signal: rest.lifetime })
  let over = false
  let done = false
  let stay = (): void => {}

  const finish = (reason?: SignalboxError): void => {
    over = true
    stay()
    lifetime[Symbol.dispose]()
    lifetime.abort(reason)
  }
  const fail = (cause: unknown): void => {
    if (over) return
    const lost = { ...facts, code: 'closed', message: 'The stream of the ask broke.', sent: 'yes' } as const
    const error = SignalboxError.is(cause) ? cause : new ConnectionError({ ...lost, cause })
    finish(error)
    sink.fail(error)
  }

  const send = async (route: string, body: unknown, accept: string, signal: AbortSignal): Promise<Reply> => {
    const [method = 'POST', template = ''] = route.split(' ')
    const path = template.replace('{machineId}', encodeURIComponent(request.machineId))
    const headers = { ...rest.headers, accept, 'content-type': 'application/json' }
    const reply = await transport.exchange({ method, path, headers, body: JSON.stringify(body) }, { signal, trace: call.trace })
    if (reply.status >= 200 && reply.status <= 299) return reply
    throw restFailure(reply, await readText(reply.body, MAX_ERROR_BYTES, facts), facts, true)
  }

  /** Gives what a frame says to the sink; true at the last one. */
  const take = (json: Readonly<Record<string, unknown>>, bytes: number): boolean => {
    if (json.type === 'error') {
      fail(remoteFailure(text(json.code), text(json.message), facts, true))
      return true
    }
    const frame = restFrame(json)
    sink.frame(frame, bytes)
    if (frame.type !== 'done') return false
    done = true
    finish()
    sink.end()
    return true
  }

  const follow = async (reply: Reply): Promise<void> => {
    const decoder = sseDecoder()
    const reader = reply.body?.getReader()
    const leave = (): void => void reader?.cancel().catch(() => {})
    // The signal should end the body too, but not every transport does so. The cancel ends a pending read in any case.
    const forget = onAbort(lifetime.signal, leave)
    let waitsForPlan = false
    try {
      for (;;) {
        const step = (await reader?.read()) ?? { done: true, value: undefined }
        const messages = step.done ? decoder.end() : decoder.push(step.value as Uint8Array)
        for (const message of messages) {
          if (over) return
          if (message.type !== 'event') continue
          const json = objectOf(message.data)
          waitsForPlan = json.type === 'confirm_required'
          if (take(json, message.data.length)) return
        }
        if (decoder.fault) throw decoder.fault
        if (step.done) break
      }
      // What follows a plan comes in the answer to its confirmation.
      if (over || waitsForPlan) return
      const message = 'The relay ended the ask without saying how it went.'
      throw new CmdopError({ ...facts, code: 'protocol', message, sent: 'yes' })
    } catch (error) {
      fail(error)
    } finally {
      forget()
      leave()
    }
  }

  const { sessionId, prompt, agentType, timeoutSeconds, options = {}, pin } = asked
  const extra = Object.keys(options).length === 0 ? {} : { options }
  const body = { session_id: sessionId, prompt, agent_type: agentType, timeout_seconds: timeoutSeconds, ...extra, pin }
  const stream = 'text/event-stream'
  const first = await whileOpening(lifetime, call.signal, (signal) => send(ASK_PATH, body, stream, signal)).catch(
    (error: unknown) => {
      finish()
      throw call.signal.aborted && !SignalboxError.is(error) ? abortError(call.signal, { ...facts, sent: 'maybe' }) : error
    },
  )
  void follow(first)
  stay = onAbort(rest.lifetime, () => fail(clientClosed(facts, 'yes')))

  return {
    async pin(challengeId, value) {
      try {
        const reply = await send(PIN_PATH, { challenge_id: challengeId, pin: value }, 'application/json', lifetime.signal)
        // The body is read and not cancelled, so that the connection can be used for the next request.
        await readText(reply.body, MAX_ERROR_BYTES, facts)
      } catch (error) {
        // The machine may be done before the relay has answered the PIN that let it go on.
        if (!done) throw error
      }
    },
    async confirm(token, accept) {
      const reply = await send(CONFIRM_PATH, { confirm_token: token, accept }, `${stream}, application/json`, lifetime.signal)
      if (reply.headers['content-type']?.startsWith(stream)) return void follow(reply)
      await readText(reply.body, MAX_ERROR_BYTES, facts)
      // The relay answers without a stream when the plan was rejected.
      if (!over) take({ type: 'done', success: false, text: 'confirm rejected' }, 0)
    },
    abandon: finish,
    [Symbol.dispose]: finish,
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number => (typeof value === 'number' ? value : 0)

function objectOf(data: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(data)
    if (typeof json === 'object' && json !== null) return json as Record<string, unknown>
  } catch {
    // The core skips what it cannot read too.
  }
  return { type: 'unreadable', data }
}

function restFrame(json: Readonly<Record<string, unknown>>): AskFrame {
  switch (json.type) {
    case 'event':
      return { type: 'event', eventType: number(json.event_type), payload: json.payload }
    case 'pin_required':
      return { type: 'pin_required', challengeId: text(json.challenge_id), label: text(json.label) }
    case 'pin_denied':
      return { type: 'pin_denied', challengeId: text(json.challenge_id), reason: text(json.reason) }
    case 'confirm_required':
      return confirmFrame(text(json.token), text(json.plan), text(json.danger_level))
    case 'done': {
      const { success, text: words, error, duration_ms } = json
      return { type: 'done', success: success === true, text: text(words), error: text(error), durationMs: number(duration_ms) }
    }
    default:
      return { type: 'unknown', raw: json }
  }
}
