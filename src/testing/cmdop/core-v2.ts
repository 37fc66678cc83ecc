/** The calls of a simulated core 2.0, as recorded from the core 2.0.0. */
import { create, fromBinary, fromJson, toBinary, type JsonValue, type MessageInitShape } from '@bufbuild/protobuf'
import { encodeFrame } from '../../core/codec/frames.js'
import {
  AskStreamErrorCodeSchema,
  Envelope_Kind as Kind,
  EnvelopeSchema,
  ErrorCode,
  MachineMessageListSchema,
  MachineRosterSnapshotSchema,
  SystemBootstrapResponseSchema,
  type AskMachineRequest,
  type Envelope,
} from '../../cmdop/gen/cmdop/core/v2/contract_pb.js'
import type { SseBody, SseFrame } from './asks.js'
import type { CoreSurroundings, SimulatedCore } from './core-v1.js'
import type { CmdopRelaySimulator, RelayRequest } from './relay.js'
import type { Row } from './world.js'

/** An envelope of `cmdop.core.v2` to write. */
export type EnvelopeV2Init = MessageInitShape<typeof EnvelopeSchema>

type Fault = readonly [ErrorCode, string, { readonly httpStatus?: number; readonly retryable?: boolean }?]
type Outcome = { readonly fault: Fault } | { readonly payload: NonNullable<EnvelopeV2Init['payload']> }

export const encodeV2 = (envelope: EnvelopeV2Init): Uint8Array =>
  encodeFrame(toBinary(EnvelopeSchema, create(EnvelopeSchema, envelope)))

export function createCoreV2({ token, relay, write, inTurn }: CoreSurroundings): SimulatedCore {
  const open = new Set<bigint>()
  const asks = new Map<bigint, { readonly body: SseBody; readonly done: Promise<void> }>()

  const send = (envelope: EnvelopeV2Init): Promise<void> => write(encodeV2(envelope))
  const fail = (id: bigint, [code, message, more = {}]: Fault): Promise<void> =>
    send({ id, kind: Kind.ERROR, payload: { case: 'error', value: { code, message, ...more } } })
  const http = (request: Omit<RelayRequest, 'headers'>, headers: Readonly<Record<string, string>> = {}) =>
    relay.handle({ ...request, headers: { authorization: `Bearer ${token}`, ...headers } })

  const unary = async (id: bigint, payload: Envelope['payload']): Promise<void> => {
    const outcome = unaryOutcome(payload, (path) => http({ method: 'GET', path, body: '' }))
    // The core waits without a limit for a relay that does not answer.
    if (!outcome) return
    open.delete(id)
    if ('fault' in outcome) return fail(id, outcome.fault)
    return send({ id, kind: Kind.RESPONSE, payload: outcome.payload })
  }

  const follow = async (id: bigint, body: SseBody): Promise<void> => {
    try {
      for (;;) {
        const frames = await body.take()
        if (!asks.has(id)) return
        if (frames === null) return fail(id, [ErrorCode.PROTOCOL, 'ask stream ended without a done frame'])
        for (const frame of frames) {
          const next = askEnvelope(frame)
          if ('fault' in next) return fail(id, next.fault)
          await send({ id, ...next })
          if (next.kind === Kind.DONE) return
        }
      }
    } catch {
      return fail(id, [ErrorCode.TRANSPORT, 'ask stream read failed'])
    } finally {
      asks.delete(id)
      open.delete(id)
    }
  }

  const ask = async (id: bigint, request: AskMachineRequest): Promise<void> => {
    const refuse = (fault: Fault): Promise<void> => {
      open.delete(id)
      return fail(id, fault)
    }
    const { machineId, prompt, options } = request
    if (machineId === '') return refuse([ErrorCode.INVALID_ARGUMENT, 'machine_id is required'])
    if (prompt === '' && !options?.attachmentIds.length) {
      return refuse([ErrorCode.INVALID_ARGUMENT, 'prompt or attachment_ids is required'])
    }
    const headers = {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(options?.pin === undefined ? {} : { 'x-machine-pin': options.pin }),
    }
    const path = `/api/admin/machines/${encodeURIComponent(machineId)}/ask`
    const answer = http({ method: 'POST', path, body: JSON.stringify(askBody(request)) }, headers)
    if (answer === 'silent') return
    if (answer === 'reset') return refuse([ErrorCode.TRANSPORT, 'ask request failed'])
    if (answer.status !== 200) return refuse(faultOfStatus(answer.status))
    if (!('sse' in answer)) return refuse([ErrorCode.PROTOCOL, 'ask response is not an SSE stream'])
    const { sse } = answer
    let finish = (): void => {}
    const done = new Promise<void>((resolve) => {
      finish = resolve
    })
    asks.set(id, { body: sse, done })
    await follow(id, sse)
    finish()
  }

  const handle = (envelope: Envelope): Promise<void> => {
    const { id, kind, payload } = envelope
    if (id === 0n) return fail(id, [ErrorCode.PROTOCOL, 'request id must be non-zero'])
    if (kind !== Kind.REQUEST) return fail(id, [ErrorCode.UNSUPPORTED, 'only v2 request envelopes are accepted'])
    if (open.has(id)) return fail(id, [ErrorCode.CONFLICT, 'request id is already in flight'])
    open.add(id)
    if (payload.case === 'askMachineReq') return ask(id, payload.value)
    return inTurn(() => unary(id, payload))
  }

  return {
    take(body) {
      let envelope: Envelope
      try {
        envelope = fromBinary(EnvelopeSchema, body)
      } catch {
        return undefined
      }
      void handle(envelope)
      return { id: Number(envelope.id), kind: envelope.kind, arm: envelope.payload.case }
    },
    get idle() {
      return asks.size === 0 ? undefined : Promise.all([...asks.values()].map(({ done }) => done))
    },
    drop() {
      for (const { body } of asks.values()) body.cancel()
      asks.clear()
    },
  }
}

/** Undefined if the relay does not answer. */
function unaryOutcome(
  payload: Envelope['payload'],
  get: (path: string) => ReturnType<CmdopRelaySimulator['handle']>,
): Outcome | undefined {
  const read = (path: string, use: (json: JsonValue) => Outcome): Outcome | undefined => {
    const answer = get(path)
    if (answer === 'silent') return undefined
    const unreadable: Outcome = { fault: [ErrorCode.TRANSPORT, 'relay request failed'] }
    if (answer === 'reset' || 'sse' in answer) return unreadable
    if (answer.status !== 200) return { fault: faultOfStatus(answer.status) }
    try {
      return use(answer.json as JsonValue)
    } catch {
      return unreadable
    }
  }
  switch (payload.case) {
    case 'systemBootstrapReq':
      return read('/api/bootstrap', (json) => {
        required(json, ['bundle_id', 'web_contract', 'capabilities'])
        return { payload: { case: 'systemBootstrapResp', value: fromJson(SystemBootstrapResponseSchema, json) } }
      })
    case 'listMachinesReq':
      return read('/api/admin/machines/snapshot', (json) => {
        required(json, ['epoch', 'sequence', 'machines'])
        return { payload: { case: 'machineRosterSnapshot', value: fromJson(MachineRosterSnapshotSchema, json) } }
      })
    case 'listMachineMessagesReq': {
      const { machineId, session, limit = 0 } = payload.value
      if (machineId === '') return { fault: [ErrorCode.INVALID_ARGUMENT, 'machine_id is required'] }
      if (limit < 0) return { fault: [ErrorCode.INVALID_ARGUMENT, 'limit must be non-negative'] }
      const query = new URLSearchParams()
      if (limit > 0) query.set('limit', String(limit))
      if (session !== undefined) query.set('session', session)
      const path = `/api/admin/machines/${encodeURIComponent(machineId)}/messages${query.size === 0 ? '' : `?${query}`}`
      return read(path, (json) => {
        if (!Array.isArray(json)) throw new Error('the messages of a relay 2.0 are a bare list')
        return { payload: { case: 'machineMessageList', value: fromJson(MachineMessageListSchema, { messages: json }) } }
      })
    }
    default:
      return { fault: [ErrorCode.UNSUPPORTED, `unsupported v2 request payload ${goTypeOf(payload.case)}`] }
  }
}

/** The error message names the payload by its type in Go. */
function goTypeOf(arm: string | undefined): string {
  return arm === undefined ? '<nil>' : `*corev2.Envelope_${arm[0]?.toUpperCase()}${arm.slice(1)}`
}

/** Members that the core requires. `fromJson` refuses unknown members, as the core does. */
function required(json: JsonValue, names: readonly string[]): void {
  for (const name of names) if (!Object.hasOwn(Object(json), name)) throw new Error(`${name} is missing`)
}

function askBody({ prompt, options }: AskMachineRequest): Row {
  const { session, attachmentIds = [], engine, workingDir, projectRootId, model } = options ?? {}
  const given = { session, attachment_ids: attachmentIds.length > 0 ? attachmentIds : undefined, engine }
  const rest = { working_dir: workingDir, project_root_id: projectRootId, model }
  return { prompt, ...Object.fromEntries(Object.entries({ ...given, ...rest }).filter(([, value]) => value !== undefined)) }
}

type AskEnvelope = { readonly fault: Fault } | { readonly kind: Kind; readonly payload: NonNullable<EnvelopeV2Init['payload']> }

function askEnvelope(frame: SseFrame): AskEnvelope {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  switch (frame.type) {
    case 'event': {
      const payloadJson = frame.payload === undefined ? '' : JSON.stringify(frame.payload)
      const from = frame.machine_id === undefined ? {} : { machineId: text(frame.machine_id) }
      const value = { eventType: Number(frame.event_type ?? 0), payloadJson, ...from }
      return { kind: Kind.EVENT, payload: { case: 'askEvent', value } }
    }
    case 'error': {
      const code = AskStreamErrorCodeSchema.values.find(({ localName }) => localName.toLowerCase() === frame.code)?.number ?? 0
      return { kind: Kind.EVENT, payload: { case: 'askStreamError', value: { code, message: text(frame.message) } } }
    }
    case 'done':
      return { kind: Kind.DONE, payload: { case: 'askDone', value: doneOf(frame) } }
    default:
      return { fault: [ErrorCode.PROTOCOL, `unsupported ask frame type ${JSON.stringify(frame.type ?? '')}`] }
  }
}

type DoneInit = Extract<NonNullable<EnvelopeV2Init['payload']>, { case: 'askDone' }>['value']

function doneOf(frame: SseFrame): DoneInit {
  const counts = ['input_tokens', 'output_tokens', 'total_tokens', 'cache_read_tokens', 'cache_write_tokens']
  const texts = ['provider', 'detail', 'machine_id', 'cost_source', 'engine', 'model']
  const camel = (name: string): string => name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase())
  const given = Object.fromEntries([
    ...counts.flatMap((name) => (typeof frame[name] === 'number' ? [[camel(name), BigInt(frame[name])]] : [])),
    ...texts.flatMap((name) => (typeof frame[name] === 'string' ? [[camel(name), frame[name]]] : [])),
  ]) as object
  const { success, text, error, upstream_status: status, cost_usd: cost } = frame
  return {
    success: success === true,
    text: typeof text === 'string' ? text : '',
    ...(typeof error === 'string' && error !== '' ? { error } : {}),
    ...(typeof status === 'number' ? { upstreamStatus: status } : {}),
    ...(typeof cost === 'number' ? { costUsd: cost } : {}),
    ...given,
  }
}

const STATUSES: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  400: [ErrorCode.INVALID_ARGUMENT, 'Bad Request'],
  401: [ErrorCode.UNAUTHENTICATED, 'Unauthorized'],
  403: [ErrorCode.PERMISSION_DENIED, 'Forbidden'],
  404: [ErrorCode.NOT_FOUND, 'Not Found'],
  409: [ErrorCode.CONFLICT, 'Conflict'],
  418: [ErrorCode.INTERNAL, "I'm a teapot"],
  422: [ErrorCode.INVALID_ARGUMENT, 'Unprocessable Entity'],
  429: [ErrorCode.RATE_LIMITED, 'Too Many Requests'],
  500: [ErrorCode.INTERNAL, 'Internal Server Error'],
  502: [ErrorCode.UNAVAILABLE, 'Bad Gateway'],
  503: [ErrorCode.UNAVAILABLE, 'Service Unavailable'],
  504: [ErrorCode.DEADLINE_EXCEEDED, 'Gateway Timeout'],
}

function faultOfStatus(httpStatus: number): Fault {
  const [code, message] = STATUSES[httpStatus] ?? [ErrorCode.INTERNAL, `status ${httpStatus}`]
  return [code, message, { httpStatus, retryable: httpStatus === 429 || httpStatus >= 500 }]
}
