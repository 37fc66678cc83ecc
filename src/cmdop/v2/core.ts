/** The calls and asks of a core 2.0, as envelopes of `cmdop.core.v2`. */
import { withFacts } from '../../errors.js'
import type { AskChannel, AskInit } from '../backend.js'
import { createConnection } from '../connection.js'
import type { CoreFacts, OpenCore } from '../core-protocol.js'
import { unexpectedAnswer } from '../core-v1.js'
import { refused, UnsupportedError } from '../errors.js'
import { V2_OPS, isV1Op, type AnyOpName } from '../ops.js'
import { toPlain, type Complaint } from '../plain.js'
import { KIND } from '../wire.js'
import { WIRE_V2, type Envelope, type PayloadInit } from './envelope.js'
import { failureOf } from './failures.js'
import { createFrameReader } from './frames.js'
import { EnvelopeSchema, type MachineMessageList, type MachineRosterSnapshot } from '../gen/cmdop/core/v2/contract_pb.js'
import { machineListOf, messagesOf } from './answers.js'

export const openCoreV2: OpenCore = (link, limits, clock) => {
  const connection = createConnection(link, WIRE_V2, limits, clock)
  return {
    connection,
    async unary(name, request, deadline, facts, complain) {
      const { payload, answer } = planOf(name, request as Fields, facts)
      const envelope = await connection.unary(payload, deadline)
      const { kind, payload: got } = envelope
      if (kind === KIND.error) throw failureOf(got, facts, false)
      if (kind !== KIND.response) throw unexpectedAnswer('the end of a stream', facts)
      if (got.case !== answer) throw unexpectedAnswer(got.case, facts)
      return answerOf(name, got, complain)
    },
    async ask(request, sink, facts) {
      const frames = createFrameReader(facts)
      const stream = await connection.stream(askPayload(request, facts), {
        frame(envelope, bytes) {
          const { frame, failure } = frames.read(envelope)
          if (frame) sink.frame(frame, bytes)
          if (failure) sink.fail(failure)
          else if (frame?.type === 'done') sink.end()
        },
        fail: (cause) => sink.fail(withFacts(cause, facts)),
      })
      const channel: AskChannel = { failsUnsuccessful: true, abandon: stream.abandon, [Symbol.dispose]: stream.abandon }
      return channel
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Fields that only the request of 1.x has, with the value that counts as absent. */
const LIST_DEFAULTS: Fields = { presence: 'any', q: '', limit: 100, cursor: '' }

function planOf(name: AnyOpName, fields: Fields, facts: CoreFacts): { readonly payload: PayloadInit; readonly answer: string } {
  if (name === 'machines.list') {
    const [unsupportedField] = Object.keys(LIST_DEFAULTS).filter(
      (key) => fields[key] !== undefined && fields[key] !== LIST_DEFAULTS[key],
    )
    if (unsupportedField !== undefined && unsupportedField !== 'limit')
      throw unsupported(`the option ${unsupportedField} of machines.list`, facts)
    return { payload: { case: 'listMachinesReq', value: {} }, answer: 'machineRosterSnapshot' }
  }
  if (name === 'machines.messages') {
    const { machineId, limit, session } = fields as { machineId: string; limit?: number; session?: string }
    if (limit !== undefined && (limit < 1 || limit > 500)) throw refused(name, `limit is ${limit}; a core 2.0 takes 1 to 500.`)
    const value = { machineId, ...(limit === undefined ? {} : { limit }), ...(session === undefined ? {} : { session }) }
    return { payload: { case: 'listMachineMessagesReq', value }, answer: 'machineMessageList' }
  }
  if (isV1Op(name)) throw unsupported(name, facts)
  const { request, answer } = V2_OPS[name]
  return { payload: { case: request, value: {} } as PayloadInit, answer }
}

function answerOf(name: AnyOpName, payload: Envelope['payload'], complain: Complaint): unknown {
  if (payload.case === undefined) return undefined
  if (name === 'machines.list') return machineListOf(payload.value as MachineRosterSnapshot, complain)
  if (name === 'machines.messages') return messagesOf(payload.value as MachineMessageList, complain)
  const schema = EnvelopeSchema.field[payload.case].message
  return schema && toPlain(schema, payload.value, complain)
}

function askPayload({ machineId, prompt, pin, sessionId, sessionGiven, ofV1, ofV2 }: AskInit, facts: CoreFacts): PayloadInit {
  const [unsupportedField] = Object.keys(ofV1)
  if (unsupportedField !== undefined) throw unsupported(`the option ${unsupportedField} of ask()`, facts)
  const { attachmentIds = [], engine, model, workingDir, projectRootId } = ofV2
  if (prompt === '' && attachmentIds.length === 0) throw refused(facts.op, 'An ask needs a prompt or attachmentIds.')
  const given2 = { pin, engine, model, workingDir, projectRootId, session: sessionGiven ? sessionId : undefined }
  const options = Object.fromEntries(Object.entries(given2).filter(([, value]) => value !== undefined))
  return { case: 'askMachineReq', value: { machineId, prompt, options: { ...options, attachmentIds: [...attachmentIds] } } }
}

function unsupported(what: string, facts: CoreFacts): UnsupportedError {
  const message = `A core 2.0 does not have ${what}.`
  const hint = 'Use a core 1.x (pip install "cmdop<2"), or cmdopRest().'
  return new UnsupportedError({ ...facts, code: 'unsupported', message, hint, sent: 'no' })
}
