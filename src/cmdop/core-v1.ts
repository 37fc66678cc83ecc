/** The calls and asks of a core 1.x, as envelopes of `cmdop.core.v1`. */
import { withFacts, type SignalboxError } from '../errors.js'
import type { AskChannel, AskInit, AskOptionsV1 } from './backend.js'
import { createConnection } from './connection.js'
import type { CoreFacts, OpenCore } from './core-protocol.js'
import { WIRE_V1, type Envelope, type PayloadInit } from './envelope.js'
import { CmdopError, remoteFailure, UnsupportedError } from './errors.js'
import { frameOf } from './frames.js'
import { isV1Op, OPS, V2_FIELDS, type AnyOpName, type OpName } from './ops.js'
import { toPlain, type Complaint } from './plain.js'
import { schemaOf } from './schema.js'
import { KIND } from './wire.js'

export const openCoreV1: OpenCore = (link, limits, clock) => {
  const connection = createConnection(link, WIRE_V1, limits, clock)
  return {
    connection,
    async unary(name, request, deadline, facts, complain) {
      requireV1(name, request, facts)
      const payload = { case: OPS[name].request, value: request } as PayloadInit
      return resultOf(name, await connection.unary(payload, deadline), facts, complain)
    },
    async ask(request, sink, facts) {
      const payload = { case: 'askReq', value: askRequestV1(request, facts) } as PayloadInit
      const stream = await connection.stream(payload, {
        frame(envelope, bytes) {
          const frame = frameOf(envelope)
          if (frame) sink.frame(frame, bytes)
          if (frame?.type === 'done') sink.end()
          else if (!frame) sink.fail(streamFailure(envelope, facts))
        },
        fail: (cause) => sink.fail(withFacts(cause, facts)),
      })
      const channel: AskChannel = {
        pin: (challengeId, pin) => stream.answer({ case: 'pinAnswer', value: { challengeId, pin } }),
        confirm: (token, accept) => stream.answer({ case: 'confirmAnswer', value: { token, accept } }),
        abandon: stream.abandon,
        [Symbol.dispose]: stream.abandon,
      }
      return channel
    },
  }
}

/** Refuses ops and fields that only 2.0 has. */
export function requireV1(name: AnyOpName, request: unknown, facts: Partial<CoreFacts>): asserts name is OpName {
  if (!isV1Op(name)) throw onlyInV2(name, facts)
  const fields = request as Readonly<Record<string, unknown>>
  for (const field of V2_FIELDS[name] ?? []) {
    if (fields[field] !== undefined) throw onlyInV2(`the option ${field} of ${name}`, facts)
  }
}

interface AskRequestV1 extends AskOptionsV1 {
  readonly machineId: string
  readonly prompt: string
  readonly sessionId: string
  readonly pin?: string | undefined
}

/** The fields of a 1.x ask. Refuses options that only 2.0 has, because a core 1.x would ignore them. */
export function askRequestV1(request: AskInit, facts: Partial<CoreFacts>): AskRequestV1 {
  const { machineId, prompt, sessionId, pin, ofV1, ofV2 } = request
  const [unsupportedField] = Object.keys(ofV2)
  if (unsupportedField !== undefined) throw onlyInV2(`the option ${unsupportedField} of ask()`, facts)
  return { machineId, prompt, sessionId, pin, ...ofV1 }
}

function onlyInV2(what: string, facts: Partial<CoreFacts>): UnsupportedError {
  const message = `A core 1.x and REST do not have ${what}.`
  return new UnsupportedError({ ...facts, code: 'unsupported', message, hint: 'It needs cmdop-core 2.0.', sent: 'no' })
}

function resultOf(name: OpName, { kind, payload }: Envelope, facts: CoreFacts, complain: Complaint): unknown {
  const { answer } = OPS[name]
  if (kind === KIND.error) throw errorOf(payload, facts, false)
  if (kind !== KIND.response) throw unexpectedAnswer('the end of a stream', facts)
  // A void call was carried out, whatever its answer holds.
  if (answer === 'empty') return undefined
  if (payload.case !== answer) throw unexpectedAnswer(payload.case, facts)
  return toPlain(schemaOf(answer), payload.value, complain)
}

function streamFailure({ kind, payload }: Envelope, facts: CoreFacts): SignalboxError {
  return kind === KIND.error ? errorOf(payload, facts, true) : unexpectedAnswer(payload.case, facts)
}

function errorOf(payload: Envelope['payload'], facts: CoreFacts, ofStream: boolean): CmdopError {
  const { code, message } = payload.case === 'error' ? payload.value : { code: '', message: '' }
  return remoteFailure(code, message, facts, ofStream)
}

export function unexpectedAnswer(what: string | undefined, facts: CoreFacts): CmdopError {
  const message = `${facts.op} was answered with ${what ?? 'nothing'}, which answers something else.`
  return new CmdopError({ ...facts, code: 'protocol', message, sent: 'yes' })
}
