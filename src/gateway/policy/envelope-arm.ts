/**
 * Which arm of the CMDOP envelope a frame holds, read from its outermost fields by hand. A frame that two parsers could read in two ways,
 * because a field comes twice for example, is refused.
 */
import { Refusal } from '../refusal.js'

const VARINT = 0
const DELIMITED = 2
const ID = 1
const KIND = 2
const FIRST_ARM = 10

/** What a frame says about itself. */
export interface EnvelopeHead {
  readonly id: number
  readonly kind: number
  /** The field number of the one arm. */
  readonly arm: number
  /** The bytes of the arm's message. */
  readonly payload: Uint8Array
}

function refused(): Refusal {
  return new Refusal('invalid_request', { message: 'A frame is not one envelope with one request.' })
}

/** Reads varints one after the other. Throws the refusal when one is cut off or too long. */
function createVarintReader(bytes: Uint8Array) {
  let at = 0
  return {
    get at() {
      return at
    },
    skip(count: number): void {
      if (count > bytes.byteLength - at) throw refused()
      at += count
    },
    varint(): number {
      let value = 0
      for (let index = 0; index < 10; index += 1) {
        const byte = bytes[at]
        if (byte === undefined) throw refused()
        at += 1
        // Multiplied, not shifted: a shift would wrap a hostile length around to a harmless one.
        value += (byte & 0x7f) * 128 ** index
        if (byte < 0x80) return value
      }
      throw refused()
    },
  }
}

/** Reads a frame. Throws the refusal when it is not one envelope with one arm. */
export function readEnvelope(frame: Uint8Array): EnvelopeHead {
  const reader = createVarintReader(frame)
  const readNumbers = new Set<number>()
  let id = 0
  let kind = 0
  let arm = 0
  let payload = frame.subarray(0, 0)
  while (reader.at < frame.byteLength) {
    const tag = reader.varint()
    const field = Math.floor(tag / 8)
    const wireType = tag % 8
    const head = field === ID || field === KIND
    if (readNumbers.has(field) || wireType !== (head ? VARINT : DELIMITED) || (!head && field < FIRST_ARM)) throw refused()
    readNumbers.add(field)
    const value = reader.varint()
    if (field === ID) id = value
    if (field === KIND) kind = value
    if (head) continue
    if (arm !== 0) throw refused()
    arm = field
    const start = reader.at
    reader.skip(value)
    payload = frame.subarray(start, start + value)
  }
  if (arm === 0) throw refused()
  return { id, kind, arm, payload }
}

const FIXED64 = 1
const FIXED32 = 5

/** The fields of a message, and the bytes of the first delimited one. Groups, which no schema here has, are refused. */
export function readFields(message: Uint8Array): Map<number, Uint8Array | undefined> {
  const fields = new Map<number, Uint8Array | undefined>()
  for (const [field, value] of eachField(message)) if (!fields.has(field)) fields.set(field, value)
  return fields
}

/** Every occurrence of a field: a parser merges a message that comes twice, so each of them counts. */
export function readEvery(message: Uint8Array, number: number): Uint8Array[] {
  return [...eachField(message)].flatMap(([field, value]) => (field === number && value ? [value] : []))
}

function* eachField(message: Uint8Array): Generator<readonly [field: number, value: Uint8Array | undefined]> {
  const reader = createVarintReader(message)
  while (reader.at < message.byteLength) {
    const tag = reader.varint()
    const field = Math.floor(tag / 8)
    const wireType = tag % 8
    let value: Uint8Array | undefined
    if (wireType === VARINT) reader.varint()
    else if (wireType === FIXED64) reader.skip(8)
    else if (wireType === FIXED32) reader.skip(4)
    else if (wireType === DELIMITED) {
      const length = reader.varint()
      const start = reader.at
      reader.skip(length)
      value = message.subarray(start, start + length)
    } else throw refused()
    yield [field, value]
  }
}

/** Kind and field numbers of an error in `cmdop.core.v1`. */
const KIND_ERROR = 5
const ERROR_ARM = 200
const CODE = 1
const MESSAGE = 2

/** A frame that reports to the client that the call `id` failed, as a core does. Written by hand: a policy has no protobuf library. */
export function errorFrame(id: number, code: string, message: string): Uint8Array {
  const info = [...textField(CODE, code), ...textField(MESSAGE, message)]
  const head = [...varintOf(ID * 8 + VARINT), ...varintOf(id), ...varintOf(KIND * 8 + VARINT), KIND_ERROR]
  const body = [...head, ...varintOf(ERROR_ARM * 8 + DELIMITED), ...varintOf(info.length), ...info]
  return Uint8Array.from([...varintOf(body.length), ...body])
}

/** Field numbers of an error in `cmdop.core.v2`, and the number of its code `permission_denied`. */
const ERROR_ARM_V2 = 100
const DETAILS_V2 = 5
const PERMISSION_DENIED_V2 = 3

/** The same for `cmdop.core.v2`, whose codes are a closed list: the code of the gateway is in the details. */
export function errorFrameV2(id: number, code: string, message: string): Uint8Array {
  const details = JSON.stringify({ gateway: code })
  const info = [CODE * 8 + VARINT, PERMISSION_DENIED_V2, ...textField(MESSAGE, message), ...textField(DETAILS_V2, details)]
  const head = [...varintOf(ID * 8 + VARINT), ...varintOf(id), ...varintOf(KIND * 8 + VARINT), KIND_ERROR]
  const body = [...head, ...varintOf(ERROR_ARM_V2 * 8 + DELIMITED), ...varintOf(info.length), ...info]
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
