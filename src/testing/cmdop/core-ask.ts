/** One ask in a simulated core. Frames of the relay become envelopes. An answer to a question becomes a request to the relay. */
import type { ArmValue, Envelope } from '../../cmdop/envelope.js'
import { Kind } from '../../cmdop/envelope.js'
import type { SseBody, SseFrame } from './asks.js'
import type { EnvelopeInit } from './envelope-init.js'
import type { CoreRequest } from './core-requests.js'
import type { CmdopRelaySimulator } from './relay.js'
import { codeOfStatus } from './core-answers.js'

export interface CoreAsk {
  answer(payload: Envelope['payload']): Promise<void>
  /** The core has ended: its streams from the relay end too. */
  drop(): void
  readonly done: Promise<void>
}

export interface CoreAskOptions {
  readonly request: Omit<ArmValue<'askReq'>, '$typeName' | '$unknown'>
  /** True since 1.1.0: the first PIN is passed on, and PIN failures keep their codes. */
  readonly knowsPins: boolean
  readonly http: (request: CoreRequest) => ReturnType<CmdopRelaySimulator['handle']>
  readonly send: (envelope: Omit<EnvelopeInit, 'id' | '$typeName'>) => Promise<void>
  readonly over: () => void
}

/** The codes for error codes of the relay. Every other code becomes `internal`; in 1.0.2 the codes of PINs do too. */
const STREAM_CODES: Readonly<Record<string, string>> = { machine_offline: 'unavailable', timeout: 'timeout' }
const PIN_CODES: readonly string[] = ['pin_denied', 'pin_required_timeout']

/** Long because frames, PINs and callbacks share the state of one ask. */
export function createCoreAsk({ request, knowsPins, http, send, over }: CoreAskOptions): CoreAsk {
  const { machineId, sessionId, prompt, agentType, timeoutSeconds, pin, options } = request
  const bodies = new Set<SseBody>()
  let ended = false
  let finish = (): void => {}
  let waiting: ((next: SseBody | 'over' | undefined) => void) | undefined
  let question = ''
  const waitForAnswer = (id: string): Promise<SseBody | 'over' | undefined> =>
    new Promise((resolve) => {
      question = id
      waiting = resolve
    })
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })

  const codeOf = (text: string): string => {
    if (knowsPins && PIN_CODES.includes(text)) return text
    return STREAM_CODES[text] ?? 'internal'
  }
  const end = async (envelope: Omit<EnvelopeInit, 'id' | '$typeName'>): Promise<void> => {
    if (ended) return
    ended = true
    await send(envelope)
    drop()
  }
  const drop = (): void => {
    ended = true
    for (const body of bodies) body.cancel()
    bodies.clear()
    waiting?.('over')
    over()
    finish()
  }
  const fail = (code: string, message: string): Promise<void> =>
    end({ kind: Kind.ERROR, payload: { case: 'error', value: { code, message } } })
  const finished = (value: Partial<ArmValue<'done'>>): Promise<void> => {
    const { success = false, text = '', error = '', durationMs = 0 } = value
    return end({ kind: Kind.DONE, payload: { case: 'done', value: { success, text, error, durationMs } } })
  }

  /** True if the stream continues. */
  const take = async (frame: SseFrame): Promise<boolean> => {
    const { type } = frame
    const text = (key: string): string => String(frame[key] ?? '')
    const event = (value: NonNullable<EnvelopeInit['payload']>, kind: Kind): Promise<void> => send({ kind, payload: value })
    switch (type) {
      case 'event': {
        const payloadJson = frame.payload === undefined ? '' : JSON.stringify(frame.payload)
        const value = { eventType: Number(frame.event_type ?? 0), payloadJson }
        await event({ case: 'askFrame', value: { frame: { case: 'event', value } } }, Kind.EVENT)
        return true
      }
      case 'pin_denied': {
        const value = { challengeId: text('challenge_id'), reason: text('reason') }
        await event({ case: 'askFrame', value: { frame: { case: 'pinDenied', value } } }, Kind.EVENT)
        return true
      }
      case 'pin_required':
        await event({ case: 'pinRequired', value: { challengeId: text('challenge_id'), label: text('label') } }, Kind.CALLBACK)
        return true
      case 'confirm_required': {
        const value = { token: text('token'), plan: text('plan'), dangerLevel: text('danger_level') }
        await event({ case: 'confirmRequired', value }, Kind.CALLBACK)
        return true
      }
      case 'done':
        await finished({
          success: frame.success === true,
          text: text('text'),
          error: text('error'),
          durationMs: Number(frame.duration_ms ?? 0),
        })
        return false
      case 'error':
        await fail(codeOf(text('code')), text('message'))
        return false
      default:
        // A real core logs the frame and skips it.
        return true
    }
  }

  /** Measured: after a question the core reads nothing until the answer, so it does not notice when the relay gives up. */
  const follow = async (body: SseBody): Promise<void> => {
    bodies.add(body)
    try {
      for (;;) {
        const frames = await body.take()
        if (ended) return
        if (frames === null) break
        for (const frame of frames) {
          const asks = frame.type === 'pin_required' || frame.type === 'confirm_required'
          const answered = asks ? waitForAnswer(String(frame.challenge_id ?? frame.token)) : undefined
          if (!(await take(frame))) return
          const next = answered && (await answered)
          if (ended || next === 'over') return
          // The frames after a plan come in the answer to its confirmation.
          if (next) return await follow(next)
        }
      }
    } catch {
      return fail('internal', 'sse read: unexpected EOF')
    } finally {
      bodies.delete(body)
    }
    // Measured: a stream without a last frame counts as a success.
    await finished({ success: true })
  }

  const post = (what: string, accept: string, body: Record<string, unknown>) =>
    http({ method: 'POST', path: `/api/admin/machines/${machineId}/${what}`, body, answer: 'empty', accept })

  const refused = async (answer: ReturnType<CmdopRelaySimulator['handle']>): Promise<boolean> => {
    if (answer === 'silent') return true
    if (answer === 'reset') {
      await fail('internal', 'do request: EOF')
      return true
    }
    if (answer.status < 300) return false
    await fail(codeOfStatus(answer.status), `http ${answer.status}: ${JSON.stringify('json' in answer ? answer.json : '')}`)
    return true
  }

  const start = async (): Promise<void> => {
    const body: Record<string, unknown> = { prompt, session_id: sessionId }
    if (agentType !== undefined) body.agent_type = agentType
    if (timeoutSeconds !== undefined) body.timeout_seconds = timeoutSeconds
    if (Object.keys(options).length > 0) body.options = options
    if (pin !== undefined && knowsPins) body.pin = pin
    const answer = post('ask', 'text/event-stream', body)
    if (await refused(answer)) return
    if (typeof answer === 'object' && 'sse' in answer) await follow(answer.sse)
  }
  void start()

  return {
    done,
    drop,
    async answer(payload) {
      const resume = waiting
      // An answer without an open question is dropped.
      if (ended || !resume) return
      waiting = undefined
      // Measured: the answer goes to the open question, even if it names another one.
      if (payload.case === 'pinAnswer') {
        const answer = post('pin', 'application/json', { challenge_id: question, pin: payload.value.pin })
        resume((await refused(answer)) ? 'over' : undefined)
      } else if (payload.case === 'confirmAnswer') {
        const { accept } = payload.value
        const answer = post('confirm', 'text/event-stream, application/json', { confirm_token: question, accept })
        if (await refused(answer)) return resume('over')
        if (typeof answer === 'object' && 'sse' in answer) return resume(answer.sse)
        await finished({ text: 'confirm rejected' })
      }
    },
  }
}
