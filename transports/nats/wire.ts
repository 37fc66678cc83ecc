/** Messages and answers of JetStream as plain values. */
import { headers, type Msg, type MsgHdrs } from '@nats-io/nats-core'
import { SignalboxError } from '../../src/errors.js'

/** Headers of a publish. */
export type Headers = Readonly<Record<string, string | number>>

/** A message that the server stores. */
export interface Stored {
  readonly seq: number
  readonly subject: string
  readonly bytes: Uint8Array
  /** When the server stored it, in milliseconds by the server's clock. */
  readonly at: number
  header(name: string): string | undefined
}

/** A message of an answer in JSON. */
export interface RawMessage {
  readonly subject: string
  readonly seq: number
  readonly time: string
  readonly hdrs?: string
  readonly data?: string
}

const decoder = /* @__PURE__ */ new TextDecoder()

/** Reads an answer in JSON. */
export function parse<Result>(message: Msg): Result {
  try {
    return JSON.parse(decoder.decode(message.data)) as Result
  } catch (cause) {
    throw new SignalboxError({ code: 'protocol', message: 'The NATS server answered with no JSON.', sent: 'maybe', cause })
  }
}

export function toHeaders(fields: Headers): MsgHdrs {
  const result = headers()
  for (const [name, value] of Object.entries(fields)) result.set(name, String(value))
  return result
}

/** Milliseconds of a time of the server, which has nine digits behind the point. */
export const toMs = (time: string): number => Date.parse(time.replace(/(\.\d{3})\d+/, '$1'))

function fromBase64(text: string): Uint8Array {
  const characters = atob(text)
  const bytes = new Uint8Array(characters.length)
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = characters.charCodeAt(at)
  return bytes
}

export function fromJson({ subject, seq, time, hdrs = '', data = '' }: RawMessage): Stored {
  const fields = new Map<string, string>()
  for (const line of decoder.decode(fromBase64(hdrs)).split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  let bytes: Uint8Array | undefined
  return {
    subject,
    seq,
    at: toMs(time),
    // Most callers need only the headers.
    get bytes() {
      bytes ??= fromBase64(data)
      return bytes
    },
    header: (name) => fields.get(name),
  }
}

export function fromDirect({ data, headers: fields }: Msg): Stored {
  const header = (name: string): string | undefined => (fields?.has(name) ? fields.last(name) : undefined)
  return {
    subject: header('Nats-Subject') ?? '',
    seq: Number(header('Nats-Sequence')),
    at: toMs(header('Nats-Time-Stamp') ?? ''),
    bytes: data,
    header,
  }
}
