/** Plays a fixed conversation with a core 2.0, real or simulated, and records its requests to the relay and its answers. */
import { fromBinary, fromJson, toBinary, toJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { Envelope_Kind as Kind, EnvelopeSchema } from '../../src/cmdop/gen/cmdop/core/v2/contract_pb.js'
import { encodeFrame, frameDecoder } from '../../src/core/codec/frames.js'
import type { Link } from '../../src/index.js'
import { simulatedId, type CmdopRelaySimulator, type RelayFault } from '../../src/testing/index.js'
import type { Exchange } from './traffic.js'

interface StepV2 {
  readonly name: string
  /** Members of the envelope beside its id. */
  readonly envelope: JsonObject
  readonly fault?: RelayFault
}

const M = simulatedId(1, 1)
const request = (payload: JsonObject): JsonObject => ({ kind: 'KIND_REQUEST', ...payload })
const of = (name: string, payload: JsonObject, fault?: RelayFault): StepV2 => ({
  name,
  envelope: request(payload),
  ...(fault === undefined ? {} : { fault }),
})
const ask = (prompt: string, options: JsonObject = {}, machineId = M): JsonObject => ({
  askMachineReq: { machineId, prompt, options },
})
const STATUSES = [400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 503, 504]
const failing = (status: number): RelayFault => ({ status, json: { detail: 'why' } })
const answering = (json: JsonValue): RelayFault => ({ status: 200, json })
const roster = { listMachinesReq: {} }
const bootstrap = { systemBootstrapReq: {} }
const messages = (more: JsonObject = {}): JsonObject => ({ listMachineMessagesReq: { machineId: M, ...more } })
const contract = { current: 1, min_client: 1, max_client: 1 }
const history = { id: '1', seq: 1, author_kind: 'user', author_id: 'u', role: 'user', content: 'hi', created_at: 5 }
const attachment = { id: 'a', url: '/u', name: 'n', mimeType: 'm', sizeBytes: 5, type: 'image' }
const everything = {
  ...{ pin: '1', session: '2', attachmentIds: ['a', 'b'], engine: 'e', workingDir: '/w', projectRootId: 'r', model: 'm' },
}
const DONE = {
  ...{ type: 'done', success: false, text: '', error: 'boom', upstream_status: 429, provider: 'p', detail: 'd', machine_id: M },
  ...{ input_tokens: 1, output_tokens: 2, total_tokens: 3, cache_read_tokens: 4, cache_write_tokens: 5 },
  ...{ cost_usd: 0.25, cost_source: 'provider', engine: 'e', model: 'm', strange: 1 },
}

export const STEPS_V2: readonly StepV2[] = [
  of('bootstrap', bootstrap),
  of('bootstrap, the least', bootstrap, answering({ bundle_id: 'b', web_contract: contract, capabilities: null })),
  of('bootstrap without capabilities', bootstrap, answering({ bundle_id: 'b', web_contract: contract })),
  of('bootstrap with an unknown member', bootstrap, answering({ bundle_id: 'b', web_contract: contract, capabilities: [], x: 1 })),
  of('roster', roster),
  of('roster, empty', roster, answering({ epoch: 'e', sequence: 1, machines: null })),
  of('roster {}', roster, answering({})),
  of('roster with an unknown member', roster, answering({ epoch: 'e', sequence: 1, machines: [], x: 1 })),
  of('messages', messages()),
  of('messages, limited', messages({ limit: 1, session: 's 1' })),
  of('messages, limit 0', messages({ limit: 0 })),
  of('messages, limit -1', messages({ limit: -1 })),
  of('messages of nobody', { listMachineMessagesReq: {} }),
  of('messages of another machine', { listMachineMessagesReq: { machineId: 'a/b' } }),
  of(
    'messages with all members',
    messages(),
    answering([{ ...history, tool_call_id: 't', event_type: 2, attachments: [attachment] }]),
  ),
  of('messages in an object', messages(), answering({ messages: [] })),
  ...STATUSES.map((status) => of(`status ${status}`, roster, failing(status))),
  of('a page of HTML', roster, { status: 200, json: '<html>' }),
  of('no payload', {}),
  of('an answer as a request', { machineRosterSnapshot: {} }),
  { name: 'another kind', envelope: { kind: 'KIND_RESPONSE', listMachinesReq: {} } },
  of('ask', ask('hello', everything)),
  of('ask without options', ask('hello')),
  of('ask with attachments only', ask('', { attachmentIds: ['a'] })),
  of('ask with nothing', ask('')),
  of('ask of nobody', ask('hello', {}, '')),
  of('ask of an unknown machine', ask('hello', {}, 'm-9')),
  of(
    'ask, all event types',
    ask(Array.from({ length: 16 }, (_, type) => `[[frame {"type":"event","event_type":${type}}]]`).join('')),
  ),
  of('ask, payloads', ask('[[payload null]][[payload "x"]][[payload {"a":[1]}]][[frame {"type":"event","machine_id":"m"}]]')),
  of('ask, all figures', ask(`[[frame ${JSON.stringify(DONE)}]]`)),
  of('ask, the least end', ask('[[frame {"type":"done"}]]')),
  of('ask without a last frame', ask('[[say a]][[end]]')),
  of('ask with the right PIN', ask('[[pin 1]][[say in]]', { pin: '1' })),
  of('ask with a wrong PIN', ask('[[pin 1]][[say in]]', { pin: '2' })),
  of('ask with a plan', ask('[[confirm p]]')),
  of('ask with a strange frame', ask('[[say a]][[frame {"type":"strange"}]]')),
  ...['machine_offline', 'no_targets', 'internal', 'pin_denied', 'weird'].map((code) =>
    of(`ask, error ${code} and an end`, ask(`[[say a]][[frame {"type":"error","code":"${code}","message":"m"}]]`)),
  ),
  of('ask, JSON', ask('hello'), answering({ ok: true })),
  ...STATUSES.map((status) => of(`status ${status}, ask`, ask('x'), failing(status))),
]

const PATIENCE_MS = 20_000

export async function playTrafficV2(link: Link, relay: CmdopRelaySimulator): Promise<Exchange[]> {
  const decoder = frameDecoder()
  const out: Exchange[] = []
  let waiting: Uint8Array[] = []
  const next = async (): Promise<JsonObject & { id?: string }> => {
    while (waiting.length === 0) {
      const late = new Promise<never>((_resolve, reject) => {
        setTimeout(() => reject(new Error(`the core says nothing at: ${STEPS_V2[out.length]?.name}`)), PATIENCE_MS).unref()
      })
      const chunk = await Promise.race([link.read(), late])
      if (chunk === null) throw new Error(`the core left at: ${STEPS_V2[out.length]?.name}`)
      waiting = decoder.push(chunk)
    }
    return toJson(EnvelopeSchema, fromBinary(EnvelopeSchema, waiting.shift() as Uint8Array)) as JsonObject
  }
  for (const [index, { name, envelope, fault }] of STEPS_V2.entries()) {
    const id = String(index + 1)
    const from = relay.ledger.length
    if (fault) relay.failNext('', fault)
    await link.write(encodeFrame(toBinary(EnvelopeSchema, fromJson(EnvelopeSchema, { id, ...envelope }))))
    const envelopes: JsonValue[] = []
    for (;;) {
      const { id: of, ...rest } = await next()
      if (of !== id) continue
      envelopes.push(rest)
      if (rest.kind !== Kind[Kind.EVENT] && rest.kind !== 'KIND_EVENT') break
    }
    out.push({ name, http: relay.ledger.slice(from).map(shown), envelopes })
  }
  return out
}

/** The parts of a request that are compared: without the headers that an HTTP library adds, and without the order of a body's members. */
function shown({ method, path, headers, body }: CmdopRelaySimulator['ledger'][number]): JsonValue {
  const names = ['accept', 'authorization', 'content-type', 'x-machine-pin']
  const sent = Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))
  const parsed = body === '' ? null : (JSON.parse(body) as JsonObject)
  const sorted = parsed && Object.fromEntries(Object.entries(parsed).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { request: `${method} ${path}`, headers: sent as JsonObject, body: sorted }
}
