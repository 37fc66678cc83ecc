/** Wire samples made with the generated code of the published SDKs, and the calls of theirs that produced them. */
import { create, fromBinary, fromJson, toBinary, toJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeEnvelope } from '../../src/cmdop/envelope.js'
import { EnvelopeSchema } from '../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { createCmdop, envelopeFromJson, envelopeToJson, type Cmdop } from '../../src/cmdop/index.js'
import { encodeFrame, frameDecoder } from '../../src/core/codec/frames.js'
import { createCmdopCoreSimulator } from '../../src/testing/index.js'

interface Sample {
  readonly name: string
  readonly mode: 'exact' | 'decode-only' | 'stream' | 'invalid'
  readonly call?: string
  readonly json: JsonValue
  readonly hex: string
}
const samples = JSON.parse(readFileSync(new URL('../fixtures/cmdop/golden.json', import.meta.url), 'utf8')) as Sample[]
const of = (mode: Sample['mode']) => samples.filter((sample) => sample.mode === mode)
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

/** The result for a client: the envelopes of a whole stream, or the fault. */
function decoded(chunks: readonly Uint8Array[]) {
  const decoder = frameDecoder()
  const bodies = [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()]
  if (decoder.fault) throw decoder.fault
  return bodies.map((body) => (body.byteLength === 0 ? create(EnvelopeSchema) : decodeEnvelope(body)))
}
const jsonOf = (data: Uint8Array): JsonValue[] => decoded([data]).map((envelope) => toJson(EnvelopeSchema, envelope))
// The samples were written as JSON text, where negative zero becomes zero.
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('golden samples', () => {
  it.each(of('exact'))('$name as JSON and back has the same bytes [cmdop.golden.json]', ({ hex: expected }) => {
    const bodies = frameDecoder().push(bytes(expected))
    expect(bodies.length).toBeGreaterThan(0)
    for (const body of bodies) expect(hex(envelopeFromJson(envelopeToJson(body, 1), 1))).toBe(hex(body))
  })

  it('names each line that is not an envelope, in both directions [cmdop.golden.json]', () => {
    expect(() => envelopeToJson(bytes('ff'), 2)).toThrow(expect.objectContaining({ code: 'invalid_message' }))
    expect(() => envelopeFromJson({ nonsense: 1 }, 2)).toThrow(expect.objectContaining({ code: 'invalid_argument', sent: 'no' }))
    const ask = { id: '7', kind: 'KIND_REQUEST', system_bootstrap_req: {} }
    expect(envelopeToJson(envelopeFromJson(ask, 2), 2)).toEqual(ask)
  })

  it.each(of('exact'))('$name [cmdop.golden.exact]', ({ json, hex: expected }) => {
    expect(jsonOf(bytes(expected))).toEqual([json])
    const [envelope] = decoded([bytes(expected)])
    expect(hex(encodeFrame(toBinary(EnvelopeSchema, envelope ?? create(EnvelopeSchema))))).toBe(expected)
    expect(hex(encodeFrame(toBinary(EnvelopeSchema, fromJson(EnvelopeSchema, json))))).toBe(expected)
  })

  it.each(of('decode-only'))('$name [cmdop.golden.decode]', ({ json, hex: given }) => {
    const loose = (data: Uint8Array): unknown => {
      const decoder = frameDecoder()
      return decoder.push(data).map((body) => toJson(EnvelopeSchema, fromBinary(EnvelopeSchema, body)))
    }
    expect(plain(loose(bytes(given)))).toEqual([plain(json)])
  })

  it.each(of('stream'))('$name, whole, by bytes, and split at every offset [cmdop.golden.stream]', ({ json, hex: given }) => {
    const data = bytes(given)
    const seen = (chunks: Uint8Array[]) => decoded(chunks).map((envelope) => toJson(EnvelopeSchema, envelope))
    expect(seen([data])).toEqual(json)
    expect(seen([...data].map((byte) => Uint8Array.of(byte)))).toEqual(json)
    for (let at = 1; at < data.length; at += 1) expect(seen([data.slice(0, at), data.slice(at)])).toEqual(json)
  })

  it.each(of('invalid'))('$name gives no envelope [cmdop.golden.invalid]', ({ hex: given }) => {
    expect(() => decoded([bytes(given)])).toThrow()
  })
})

/** Differences from the bytes of the published SDKs, and the reasons. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  "client.machines.update('m-1')": 'an empty name would be taken for the new name',
  "client.fleets.update('f-1',{mfaRequired:'optional'})": 'an empty name would be taken for the new name',
  'client.fleets.list({page:2})': 'a page without a size gives the first page: refused',
}

describe('calls of the published SDKs', () => {
  const calls = samples.filter(({ call }) => call !== undefined)

  it.each(calls)('$call writes the same bytes [cmdop.golden.calls]', async ({ call = '', hex: expected }) => {
    const core = createCmdopCoreSimulator()
    // The core refuses undocumented ids such as `m-1`. The test compares only the request.
    await using client = createCmdop({ transport: core.transport, fleetId: 'f-default', closeGraceMs: 0 })
    const run = new Function('client', `return ${call}`) as (client: Cmdop) => Promise<unknown> | AsyncIterable<unknown>
    const result = run(client)
    if (Symbol.asyncIterator in result)
      await result[Symbol.asyncIterator]()
        .next()
        .catch(() => {})
    else await result.catch(() => {})
    const [first] = core.ledger
    if (call in DEVIATIONS) expect(first && hex(first.bytes)).not.toBe(expected)
    else expect(first && hex(first.bytes)).toBe(expected)
    expect(core.ledger.length).toBeLessThanOrEqual(1)
    await core.stop()
  })

  it('sends every given field of an update, and no other [cmdop.presence]', async () => {
    const core = createCmdopCoreSimulator()
    await using client = createCmdop({ transport: core.transport, closeGraceMs: 0 })
    await client.machines.update('m-1').catch(() => {})
    await client.machines.update('m-1', { name: '' }).catch(() => {})
    const sent = core.ledger
      .map(({ bytes: frame }) => jsonOf(frame)[0] as JsonObject)
      .map(({ updateMachineReq }) => updateMachineReq)
    expect(sent).toEqual([{ machineId: 'm-1' }, { machineId: 'm-1', name: '' }])
    await core.stop()
  })
})
