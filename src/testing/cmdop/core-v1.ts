/** The calls of a simulated core 1.x, as recorded from the cores 1.0.2 to 1.1.1. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Kind, type Envelope } from '../../cmdop/envelope.js'
import { EnvelopeSchema } from '../../cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { encodeFrame } from '../../core/codec/frames.js'
import { badUuid, failureOf, messageOf } from './core-answers.js'
import { createCoreAsk, type CoreAsk } from './core-ask.js'
import { coreRequest, type CoreRequest } from './core-requests.js'
import type { EnvelopeInit } from './envelope-init.js'
import type { CmdopRelaySimulator } from './relay.js'

/** The parts that a simulated core gets from the simulator. */
export interface CoreSurroundings {
  readonly token: string
  readonly apiKey: string
  readonly relay: CmdopRelaySimulator
  /** Writes a whole frame. */
  readonly write: (frame: Uint8Array) => Promise<void>
  /** Runs a unary call. A test may hold it back. */
  readonly inTurn: (run: () => Promise<void>) => Promise<void>
}

/** One frame as a core decoded it. */
export interface TakenFrame {
  readonly id: number
  readonly kind: number
  readonly arm: string | undefined
}

/** One simulated core of either generation, behind one link. */
export interface SimulatedCore {
  /** Handles the bytes of a frame. Undefined: they are not an envelope, and the core exits. `ignored`: the frame has no effect. */
  take(body: Uint8Array): TakenFrame | 'ignored' | undefined
  /** Resolves when no ask is open; undefined if none is. */
  readonly idle: Promise<unknown> | undefined
  drop(): void
}

export const encodeV1 = (envelope: EnvelopeInit): Uint8Array =>
  encodeFrame(toBinary(EnvelopeSchema, create(EnvelopeSchema, envelope)))

/** `knowsPins`: since 1.1.0 the first PIN is passed on, and PIN failures keep their codes. */
export function createCoreV1(surroundings: CoreSurroundings & { readonly knowsPins: boolean }): SimulatedCore {
  const { token, apiKey, relay, knowsPins, inTurn } = surroundings
  const asks = new Map<number, CoreAsk>()
  const write = (envelope: EnvelopeInit): Promise<void> => surroundings.write(encodeV1(envelope))

  const http = (request: CoreRequest) => {
    const platform = request.path.startsWith('/apix/')
    const accept = request.accept ?? (request.loose ? 'application/json' : undefined)
    const headers = {
      ...(accept === undefined ? {} : { accept }),
      // Requests to the platform have an empty header for the token.
      ...(platform ? { authorization: 'Bearer', 'x-api-key': apiKey } : { authorization: `Bearer ${token}` }),
      ...(request.body ? { 'content-type': 'application/json' } : {}),
    }
    const body = request.body ? JSON.stringify(request.body) : ''
    return relay.handle({ method: request.method, path: request.path, headers, body })
  }

  const fail = (id: number, code: string, message: string): Promise<void> =>
    write({ id, kind: Kind.ERROR, payload: { case: 'error', value: { code, message } } })

  const unary = async ({ id, payload }: Envelope): Promise<void> => {
    const request = coreRequest(payload)
    if (!request) return fail(id, 'unknown_op', 'unsupported request payload')
    const bad = badUuid(request.uuids)
    if (bad !== undefined) return fail(id, 'validation', bad)
    const answer = http(request)
    // A core has no deadline: if the relay does not answer, the core does not answer.
    if (answer === 'silent') return
    if (answer === 'reset') return fail(id, 'internal', 'do request: EOF')
    if ('sse' in answer) return fail(id, 'internal', 'not JSON')
    const { status, json } = answer
    const expected = request.loose ? status < 300 : status === (request.status ?? 200)
    if (!expected) {
      const { code, message } = failureOf(status, json, request.loose === true)
      return fail(id, code, message)
    }
    const value = messageOf(request, json)
    await write({ id, kind: Kind.RESPONSE, payload: { case: request.answer, value } as EnvelopeInit['payload'] & object })
  }

  const handle = (envelope: Envelope): void => {
    const { id, kind, payload } = envelope
    if (kind === Kind.ANSWER) void asks.get(id)?.answer(payload)
    else if (kind !== Kind.REQUEST) return
    else if (payload.case === 'askReq') {
      const send = (out: Omit<EnvelopeInit, 'id' | '$typeName'>) => write({ id, ...out })
      asks.set(id, createCoreAsk({ request: payload.value, knowsPins, http, send, over: () => asks.delete(id) }))
    } else void inTurn(() => unary(envelope))
  }

  return {
    take(body) {
      if (body.byteLength === 0) return 'ignored'
      try {
        const envelope = fromBinary(EnvelopeSchema, body)
        handle(envelope)
        return { id: envelope.id, kind: envelope.kind, arm: envelope.payload.case }
      } catch {
        return undefined
      }
    },
    get idle() {
      return asks.size === 0 ? undefined : Promise.all([...asks.values()].map(({ done }) => done))
    },
    drop() {
      for (const ask of asks.values()) ask.drop()
    },
  }
}
