/** A simulated core: envelopes on a link on one side, requests to a simulated relay on the other. */
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { encodeFrame, frameDecoder } from '../../core/codec/frames.js'
import { abortError } from '../../core/deadline.js'
import type { Listener, Link, StreamTransport } from '../../transport.js'
import { Kind, type Envelope } from '../../cmdop/envelope.js'
import { EnvelopeSchema } from '../../cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { memoryPair } from '../memory-link.js'
import { createCoreAsk, type CoreAsk } from './core-ask.js'
import { badUuid, failureOf, messageOf } from './core-answers.js'
import { coreRequest, type CoreRequest } from './core-requests.js'
import { createCmdopRelaySimulator, type CmdopRelaySimulator, type CmdopRelaySimulatorOptions } from './relay.js'

export type CmdopCoreVersion = '1.0.2' | '1.1.0' | '1.1.1'

export interface CmdopCoreSimulatorOptions {
  /** 1.0.2 does not pass the upfront PIN on. Default 1.1.0. */
  readonly version?: CmdopCoreVersion
  /** Default: a fresh one with these options. */
  readonly relay?: CmdopRelaySimulator | CmdopRelaySimulatorOptions
  /** What the core was given. Defaults that the relay's own check, if it has one, takes. */
  readonly token?: string
  readonly apiKey?: string
  /** Every byte written by itself. */
  readonly splitWrites?: boolean
}

export type EnvelopeInit = MessageInitShape<typeof EnvelopeSchema>

export interface ReceivedEnvelope {
  readonly link: number
  readonly id: number
  readonly kind: Kind
  readonly arm: Envelope['payload']['case']
  /** The frame as it came. */
  readonly bytes: Uint8Array
}

export interface CmdopCoreSimulator extends AsyncDisposable {
  readonly transport: StreamTransport<void>
  readonly relay: CmdopRelaySimulator
  readonly ledger: readonly ReceivedEnvelope[]
  /** How many cores were started, that is links served. */
  readonly starts: number
  readonly live: number
  /** Gives the code that a core exits with: 1 where it could not read what came. */
  serve(link: Link): Promise<0 | 1>
  listen(listener: Listener): Promise<void>
  /** Writes an envelope of one's own making to every live link. */
  say(envelope: EnvelopeInit): Promise<void>
  /** Writes bytes that need not be an envelope. */
  noise(bytes: Uint8Array): Promise<void>
  /** Every live core dies, with nothing said. */
  crash(): Promise<void>
  /** The core dies as soon as it has written so many more frames. */
  crashAfter(frames: number): void
  /** Answers to the next so many calls wait for each other, and then come in reverse. */
  holdAnswers(count: number): void
  stop(): Promise<void>
}

export function createCmdopCoreSimulator(options: CmdopCoreSimulatorOptions = {}): CmdopCoreSimulator {
  const { version = '1.1.0', splitWrites = false } = options
  const given = options.relay ?? {}
  const relay = 'handle' in given ? given : createCmdopRelaySimulator(given)
  const own = 'handle' in given ? {} : given
  const { token = own.token ?? 't-simulated', apiKey = own.apiKey ?? 'k-simulated' } = options
  const ledger: ReceivedEnvelope[] = []
  const live = new Map<number, Link>()
  let starts = 0
  let framesLeft = Number.POSITIVE_INFINITY
  let holding = 0
  let held: (() => Promise<void>)[] = []

  const put = async (link: Link, bytes: Uint8Array): Promise<void> => {
    if (!splitWrites) return link.write(bytes)
    // All at once: the link keeps their order, and no other frame comes between.
    await Promise.all(Array.from(bytes, (byte) => link.write(Uint8Array.of(byte))))
  }
  const write = async (link: Link, envelope: EnvelopeInit): Promise<void> => {
    // Written at once, in order; counted before the write, so that no later frame slips out.
    if (framesLeft <= 0) return
    framesLeft -= 1
    const last = framesLeft === 0
    await put(link, encodeFrame(toBinary(EnvelopeSchema, create(EnvelopeSchema, envelope)))).catch(() => {})
    if (last) await die(link)
  }
  const die = async (link: Link): Promise<void> => {
    framesLeft = Number.POSITIVE_INFINITY
    await link.close({ graceMs: 0 })
  }

  const http = (request: CoreRequest) => {
    const platform = request.path.startsWith('/apix/')
    const accept = request.accept ?? (request.loose ? 'application/json' : undefined)
    const headers = {
      ...(accept === undefined ? {} : { accept }),
      // On the platform the token's place is there, and empty.
      ...(platform ? { authorization: 'Bearer', 'x-api-key': apiKey } : { authorization: `Bearer ${token}` }),
      ...(request.body ? { 'content-type': 'application/json' } : {}),
    }
    const body = request.body ? JSON.stringify(request.body) : ''
    return relay.handle({ method: request.method, path: request.path, headers, body })
  }

  const fail = (link: Link, id: number, code: string, message: string): Promise<void> =>
    write(link, { id, kind: Kind.ERROR, payload: { case: 'error', value: { code, message } } })

  const unary = async (link: Link, { id, payload }: Envelope): Promise<void> => {
    const request = coreRequest(payload)
    if (!request) return fail(link, id, 'unknown_op', 'unsupported request payload')
    const bad = badUuid(request.uuids)
    if (bad !== undefined) return fail(link, id, 'validation', bad)
    const answer = http(request)
    // A core has no deadline of its own: what the relay does not answer, it does not answer.
    if (answer === 'silent') return
    if (answer === 'reset') return fail(link, id, 'internal', 'do request: EOF')
    if ('sse' in answer) return fail(link, id, 'internal', 'not JSON')
    const { status, json } = answer
    const expected = request.loose ? status < 300 : status === (request.status ?? 200)
    if (!expected) {
      const { code, message } = failureOf(status, json, request.loose === true)
      return fail(link, id, code, message)
    }
    const value = messageOf(request, json)
    await write(link, { id, kind: Kind.RESPONSE, payload: { case: request.answer, value } as EnvelopeInit['payload'] & object })
  }

  const inTurn = async (run: () => Promise<void>): Promise<void> => {
    if (holding === 0) return run()
    held.push(run)
    if (held.length < holding) return
    const all = held.reverse()
    held = []
    holding = 0
    for (const one of all) await one()
  }

  const serve = async (link: Link): Promise<0 | 1> => {
    starts += 1
    const number = starts
    live.set(number, link)
    const asks = new Map<number, CoreAsk>()
    const decoder = frameDecoder()
    try {
      for (;;) {
        const chunk = await link.read()
        for (const body of chunk === null ? decoder.end() : decoder.push(chunk)) {
          if (body.byteLength === 0) continue
          const envelope = envelopeOf(body)
          if (!envelope) return 1
          const { id, kind, payload } = envelope
          ledger.push({ link: number, id, kind, arm: payload.case, bytes: encodeFrame(body) })
          if (kind === Kind.ANSWER) void asks.get(id)?.answer(payload)
          else if (kind !== Kind.REQUEST) continue
          else if (payload.case === 'askReq') {
            const request = payload.value
            const knowsPins = version !== '1.0.2'
            const send = (out: Omit<EnvelopeInit, 'id' | '$typeName'>) => write(link, { id, ...out })
            asks.set(id, createCoreAsk({ request, knowsPins, http, send, over: () => asks.delete(id) }))
          } else void inTurn(() => unary(link, envelope))
        }
        if (decoder.fault) return 1
        if (chunk === null) break
      }
      // At the end of its stdin it finishes its asks, however long they take.
      const cut = link.closed.then(() => live.delete(number))
      while (asks.size > 0 && live.has(number)) await Promise.race([...[...asks.values()].map(({ done }) => done), cut])
    } catch {
      // The link fell: the core is gone with it.
    } finally {
      for (const ask of asks.values()) ask.drop()
      live.delete(number)
      await link.close({ graceMs: 0 })
    }
    return 0
  }

  const everywhere = async (run: (link: Link) => Promise<unknown>): Promise<void> => {
    await Promise.all([...live.values()].map(run))
  }

  return {
    transport: {
      kind: 'stream',
      name: 'cmdop-core-simulator',
      async open(_launch, { signal } = {}) {
        if (signal?.aborted) throw abortError(signal, { transport: 'cmdop-core-simulator', op: 'open', sent: 'no' })
        const [near, far] = memoryPair({ name: `cmdop-core-${starts + 1}` })
        void serve(far)
        return near
      },
    },
    relay,
    ledger,
    get starts() {
      return starts
    },
    get live() {
      return live.size
    },
    serve,
    async listen(listener) {
      for await (const link of listener.accept()) void serve(link)
    },
    say: (envelope) => everywhere((link) => write(link, envelope)),
    noise: (bytes) => everywhere((link) => put(link, bytes)),
    crash: () => everywhere(die),
    crashAfter(frames) {
      framesLeft = frames
    },
    holdAnswers(count) {
      holding = count
    },
    stop: () => everywhere((link) => link.close({ graceMs: 0 })),
    [Symbol.asyncDispose]: () => everywhere((link) => link.close({ graceMs: 0 })),
  }
}

function envelopeOf(body: Uint8Array): Envelope | undefined {
  try {
    return fromBinary(EnvelopeSchema, body)
  } catch {
    return undefined
  }
}
