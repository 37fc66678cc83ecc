/**
 * Which arm of the CMDOP envelope a frame holds, read from its outermost fields by hand: nothing of what is inside matters here, and what a
 * parser might read in two ways, such as a field that comes twice, is refused.
 */
import { Refusal } from '../refusal.js'

const VARINT = 0
const DELIMITED = 2
const ID = 1
const KIND = 2
const FIRST_ARM = 10

export interface EnvelopeHead {
  readonly id: number
  readonly kind: number
  /** The field number of the one arm. */
  readonly arm: number
}

function refused(): Refusal {
  return new Refusal('invalid_request', { message: 'A frame is not one envelope with one request.' })
}

export function readEnvelope(frame: Uint8Array): EnvelopeHead {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let index = 0; index < 10; index += 1) {
      const byte = frame[at]
      if (byte === undefined) throw refused()
      at += 1
      value += (byte & 0x7f) * 128 ** index
      if (byte < 0x80) return value
    }
    throw refused()
  }
  const seen = new Set<number>()
  let id = 0
  let kind = 0
  let arm = 0
  while (at < frame.byteLength) {
    const tag = varint()
    const field = Math.floor(tag / 8)
    const wireType = tag % 8
    const head = field === ID || field === KIND
    if (seen.has(field) || wireType !== (head ? VARINT : DELIMITED) || (!head && field < FIRST_ARM)) throw refused()
    seen.add(field)
    const value = varint()
    if (field === ID) id = value
    if (field === KIND) kind = value
    if (head) continue
    if (arm !== 0 || value > frame.byteLength - at) throw refused()
    arm = field
    at += value
  }
  if (arm === 0) throw refused()
  return { id, kind, arm }
}

/** Kind and field numbers of an error in `cmdop.core.v1`. */
const KIND_ERROR = 5
const ERROR_ARM = 200
const CODE = 1
const MESSAGE = 2

/** A frame that tells the client that the call `id` failed, as a core would. Written by hand: a policy carries no protobuf library. */
export function errorFrame(id: number, code: string, message: string): Uint8Array {
  const info = [...textField(CODE, code), ...textField(MESSAGE, message)]
  const head = [...varintOf(ID * 8 + VARINT), ...varintOf(id), ...varintOf(KIND * 8 + VARINT), KIND_ERROR]
  const body = [...head, ...varintOf(ERROR_ARM * 8 + DELIMITED), ...varintOf(info.length), ...info]
  return Uint8Array.from([...varintOf(body.length), ...body])
}

function textField(field: number, text: string): number[] {
  const bytes = new TextEncoder().encode(text)
  return [...varintOf(field * 8 + DELIMITED), ...varintOf(bytes.byteLength), ...bytes]
}

function varintOf(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) + 128)
  }
}
