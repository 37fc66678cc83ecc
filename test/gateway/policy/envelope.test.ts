/**
 * Envelopes that two parsers could read differently are refused; the others are checked by the request type that the parser of
 * the core finds.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Envelope_Kind as Kind, EnvelopeSchema } from '../../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { Refusal } from '../../../src/gateway/index.js'
import { cmdopPolicy } from '../../../src/gateway/policy/index.js'
import { cmdopArms } from '../../../src/gateway/policy/cmdop.js'

const envelope = (kind: Kind, payload: Parameters<typeof create<typeof EnvelopeSchema>>[1]): Uint8Array =>
  toBinary(EnvelopeSchema, create(EnvelopeSchema, { ...payload, id: 7, kind }))
const list = envelope(Kind.REQUEST, { payload: { case: 'listMachinesReq', value: {} } })
const issue = envelope(Kind.REQUEST, { payload: { case: 'issueKeyReq', value: { fleetId: 'f' } } })
const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

describe('envelopes [gateway.policy.cmdop-envelope]', () => {
  test('the request type decides the scope', () => {
    expect(cmdopPolicy.classify(list)).toEqual({ name: 'listMachinesReq', needs: 'observe' })
    expect(cmdopPolicy.classify(issue)).toEqual({ name: 'issueKeyReq', needs: 'server-only' })
    const pin = envelope(Kind.ANSWER, { payload: { case: 'pinAnswer', value: {} } })
    expect(cmdopPolicy.classify(pin)).toEqual({ name: 'pinAnswer', needs: 'approve', carriesPin: true })
  })

  test.each([
    ['two arms', joined(list, issue)],
    ['the same arm twice', joined(list, list)],
    ['no arm', envelope(Kind.REQUEST, {})],
    ['nothing', new Uint8Array()],
    ['a second kind', joined(list, Uint8Array.of(0x10, 7))],
    ['an arm as a number', Uint8Array.of(0x10, 1, 10 << 3, 1)],
    ['a group', Uint8Array.of(0x10, 1, (10 << 3) | 3, (10 << 3) | 4)],
    ['field zero', joined(Uint8Array.of(0x02, 0), list)],
    ['an unknown field below the arms', joined(list, Uint8Array.of((5 << 3) | 2, 0))],
    ['a length beyond its end', Uint8Array.of(0x10, 1, (10 << 3) | 2, 9)],
    ['half a number', Uint8Array.of(0x80)],
    ['a response', envelope(Kind.RESPONSE, { payload: { case: 'machineList', value: {} } })],
  ])('%s is refused', (_what, bytes) => {
    expect(() => cmdopPolicy.classify(bytes)).toThrow(Refusal)
  })

  test('a request type of a newer core needs admin', () => {
    const bytes = Uint8Array.of(0x10, 1, 0xa2, 0x1f, 0)
    expect(cmdopPolicy.classify(bytes)).toMatchObject({ needs: 'admin' })
  })

  test('an accepted envelope has the same meaning for a protobuf library like the parser of the core', () => {
    const pieces = fc.array(
      fc.constantFrom(list, issue, Uint8Array.of(0x10, 1), Uint8Array.of(0x08, 1), Uint8Array.of(0x52, 0x80, 0)),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          pieces.map((parts) => joined(...parts)),
        ),
        (bytes) => {
          let verdict: { name: string }
          try {
            verdict = cmdopPolicy.classify(bytes) as { name: string }
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal)
            return
          }
          let read: string | undefined
          try {
            read = fromBinary(EnvelopeSchema, bytes).payload.case
          } catch {
            return
          }
          if (read !== undefined || [...cmdopArms().values()].includes(verdict.name)) expect(verdict.name).toBe(read)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
