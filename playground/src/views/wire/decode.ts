/** Turns the chunks of the tape into messages: NDJSON lines, or the frames of a CMDOP core. Pure, and bounded for each direction of a link. */
import { createRedactor } from 'signalbox'
import { encodeFrame, frameDecoder, type Decoder } from 'signalbox/codec'
import { envelopeToJson } from 'signalbox/cmdop'
import type { WireCodec, WireLink, WireRecord } from '../../worker/lab/tape.js'

/** A row of the wire view. */
export interface WireMessage {
  /** Counted from 1 in the order of the last byte. */
  readonly id: number
  readonly link: number
  readonly system: string
  readonly at: number
  readonly type: 'in' | 'out' | 'event' | 'fault'
  /** What the row is, in a word: the command, the op, the type of the message. */
  readonly label: string
  /** One line of text, without secrets. */
  readonly text: string
  /** The decoded message, without secrets. Absent where the bytes are no message. */
  readonly value?: unknown
  /** The bytes as they went, also if they came in several chunks. Empty for events, and for a message with a secret. */
  readonly bytes: Uint8Array
  /** Length of the message, with what delimits it. */
  readonly size: number
  /** Part of the message is masked, so its bytes are not kept. */
  readonly secret: boolean
  /** A person sent it from the wire view. */
  readonly byHand: boolean
  /** The chunks that it came in, or its part of them. Empty for events. */
  readonly chunks: readonly WireChunk[]
  /** Label and text in lower case, for the filter. */
  readonly words: string
}

/** The part of a chunk that belongs to a message. */
export interface WireChunk {
  readonly at: number
  readonly bytes: number
}

export interface WireDecoder {
  /** The messages that these entries complete. */
  push(records: readonly WireRecord[], links: ReadonlyMap<number, WireLink>): WireMessage[]
}

const NO_BYTES = new Uint8Array()
/** A longer line is shown as text, up to here. */
const MAX_LINE = 1024 * 1024
const PREVIEW = 400
const NEWLINE = 0x0a

interface Part {
  readonly bytes: Uint8Array
  readonly value?: unknown
  readonly text: string
  /** False for bytes that are no message. */
  readonly whole: boolean
}

/** Collects the chunks of one direction of one link. */
interface Assembler {
  readonly chunks: ReturnType<typeof createChunks>
  push(bytes: Uint8Array): Part[]
  rest(): Part[]
}

export function createWireDecoder(): WireDecoder {
  const redactor = createRedactor()
  const utf8 = new TextDecoder()
  const assemblers = new Map<string, Assembler>()
  let count = 0

  const of = (link: number, type: 'in' | 'out', codec: WireCodec): Assembler => {
    const key = `${link}${type}`
    const known = assemblers.get(key)
    if (known) return known
    const fresh = codec === 'ndjson' ? lines(utf8) : frames(codec === 'cmdop-1' ? 1 : 2)
    assemblers.set(key, fresh)
    return fresh
  }
  const row = (record: WireRecord, link: WireLink | undefined, about: Partial<WireMessage>): WireMessage => {
    count += 1
    return {
      id: count,
      link: record.link,
      system: link?.system ?? 'unknown',
      at: record.at,
      type: 'event',
      label: '',
      text: '',
      bytes: NO_BYTES,
      size: 0,
      secret: false,
      byHand: false,
      chunks: [],
      ...about,
      words: `${link?.system ?? 'unknown'} ${about.label ?? ''} ${about.text ?? ''}`.toLowerCase(),
    }
  }
  const message = (
    record: WireRecord & { type: 'in' | 'out' },
    link: WireLink | undefined,
    part: Part,
    chunks: readonly WireChunk[],
  ): WireMessage => {
    const value = part.value === undefined ? undefined : redactor.value(part.value)
    const text = part.value === undefined ? redactor.text(part.text) : redactor.text(JSON.stringify(value))
    const shown = value === undefined ? text : restOf(value)
    // The comparison uses the same form on both sides, so that only a mask makes a difference.
    const secret = text !== (part.value === undefined ? part.text : JSON.stringify(part.value))
    return row(record, link, {
      type: record.type,
      label: part.whole ? labelOf(part.value) : 'broken',
      text: redactor.text(shown).slice(0, PREVIEW),
      ...(value === undefined ? {} : { value }),
      bytes: secret ? NO_BYTES : part.bytes,
      size: part.bytes.byteLength,
      secret,
      byHand: 'by' in record && record.by === 'hand',
      chunks,
    })
  }
  const take = (record: WireRecord, link: WireLink | undefined): WireMessage[] => {
    const codec = link?.codec ?? 'ndjson'
    switch (record.type) {
      case 'in':
      case 'out': {
        const assembler = of(record.link, record.type, codec)
        assembler.chunks.add(record.at, record.bytes.byteLength)
        return assembler.push(record.bytes).map((part) => message(record, link, part, assembler.chunks.take(part.bytes.byteLength)))
      }
      case 'open':
        return [row(record, link, { label: 'open', text: link?.by === 'hand' ? 'opened by hand' : 'opened by the client' })]
      case 'fault':
        return [
          row(record, link, {
            type: 'fault',
            label: record.fault,
            text: `${record.fault} on purpose, ${record.direction === 'in' ? 'from' : 'to'} the peer`,
          }),
        ]
      case 'eof':
      case 'end':
        return [
          row(record, link, {
            label: record.type,
            text: record.type === 'eof' ? 'the peer sends no more' : 'the client sends no more',
          }),
        ]
      case 'close': {
        const rest = (['in', 'out'] as const).flatMap((type) => {
          const key = `${record.link}${type}`
          const assembler = assemblers.get(key)
          assemblers.delete(key)
          return (assembler?.rest() ?? []).map((part) => {
            const own = { ...record, type, bytes: part.bytes } as WireRecord & { type: 'in' | 'out' }
            return message(own, link, part, assembler?.chunks.take(part.bytes.byteLength) ?? [])
          })
        })
        return [...rest, row(record, link, { label: 'close', text: record.reason })]
      }
    }
  }
  return { push: (records, links) => records.flatMap((record) => take(record, links.get(record.link))) }
}

function lines(utf8: TextDecoder): Assembler {
  const chunks = createChunks()
  let pending: Uint8Array = NO_BYTES
  const part = (bytes: Uint8Array, whole: boolean): Part => {
    const text = utf8.decode(bytes).replace(/\r?\n$/, '')
    try {
      const value: unknown = JSON.parse(text)
      return { bytes, text, whole, value }
    } catch {
      return { bytes, text, whole: false }
    }
  }
  return {
    chunks,
    push(bytes) {
      const parts: Part[] = []
      let rest = joined(pending, bytes)
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
        if (end > 0) parts.push(part(rest.subarray(0, end + 1), true))
        else chunks.skip(1)
        rest = rest.subarray(end + 1)
      }
      if (rest.byteLength > MAX_LINE) {
        parts.push({ bytes: rest, text: utf8.decode(rest), whole: false })
        rest = NO_BYTES
      }
      pending = rest.slice()
      return parts
    },
    rest() {
      const left = pending
      pending = NO_BYTES
      return left.byteLength === 0 ? [] : [part(left, false)]
    },
  }
}

function frames(generation: 1 | 2): Assembler {
  const chunks = createChunks()
  let decoder: Decoder<Uint8Array> = frameDecoder()
  let broken = false
  return {
    chunks,
    push(bytes) {
      if (broken) return [{ bytes, text: `${bytes.byteLength} bytes after a broken frame`, whole: false }]
      const parts = decoder.push(bytes).map((body): Part => {
        const frame = encodeFrame(body)
        try {
          const value = envelopeToJson(body, generation)
          return { bytes: frame, text: '', value, whole: true }
        } catch {
          return { bytes: frame, text: `${body.byteLength} bytes that are no envelope`, whole: false }
        }
      })
      broken = decoder.fault !== null
      if (broken) parts.push({ bytes: NO_BYTES, text: 'From here on the bytes are no frames.', whole: false })
      return parts
    },
    rest() {
      decoder = frameDecoder()
      return []
    },
  }
}

/** Which chunks the next bytes of a direction came in. */
function createChunks() {
  let waiting: WireChunk[] = []
  /** Of the blank lines before the next message. */
  let skipped = 0
  const take = (length: number): WireChunk[] => {
    const taken: WireChunk[] = []
    for (let left = length; left > 0 && waiting[0]; ) {
      const [first, ...rest] = waiting as [WireChunk, ...WireChunk[]]
      const bytes = Math.min(left, first.bytes)
      taken.push({ at: first.at, bytes })
      left -= bytes
      waiting = bytes === first.bytes ? rest : [{ at: first.at, bytes: first.bytes - bytes }, ...rest]
    }
    return taken
  }
  return {
    add: (at: number, bytes: number): void => void waiting.push({ at, bytes }),
    skip: (bytes: number): void => {
      skipped += bytes
    },
    take(length: number): WireChunk[] {
      take(skipped)
      skipped = 0
      return take(length)
    },
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.byteLength === 0) return other
  const both = new Uint8Array(one.byteLength + other.byteLength)
  both.set(one)
  both.set(other, one.byteLength)
  return both
}

const NAMES = ['cmd', 'op', 'method', 'event', 'type', 'kind', 't'] as const
const FRAME_FIELDS = new Set(['id', 'kind'])

/** The name of a message, by the fields that the protocols use for it. */
function labelOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  const fields = value as Readonly<Record<string, unknown>>
  if (typeof fields.kind === 'string' && fields.kind.startsWith('KIND_')) {
    return Object.keys(fields).find((name) => !FRAME_FIELDS.has(name)) ?? fields.kind.slice(5).toLowerCase()
  }
  // Claude Code wraps the events of the Messages API.
  if (fields.type === 'stream_event') return `stream ${labelOf(fields.event)}`
  for (const name of NAMES) {
    const word = fields[name]
    if (typeof word !== 'string') continue
    return typeof fields.subtype === 'string' ? `${word} ${fields.subtype}` : word
  }
  if ('error' in fields && fields.error) return 'error'
  if ('result' in fields) return 'result'
  if ('events' in fields) return 'events'
  if ('ok' in fields) return fields.ok === true ? 'ok' : 'refused'
  return 'message'
}

const TOLD = new Set(['jsonrpc', 'ok', 'subtype', 'v'])

/** A message in one line, without the fields that its label has already told and without those that never differ. */
function restOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  const label = labelOf(value)
  if ('kind' in value && String(value.kind).startsWith('KIND_') && label in value)
    return restOf((value as Record<string, unknown>)[label])
  if ('type' in value && value.type === 'stream_event' && 'event' in value) return restOf(value.event)
  const fields = Object.entries(value).filter(
    ([name, field]) =>
      !TOLD.has(name) && !(typeof field === 'string' && label.startsWith(field) && NAMES.some((one) => one === name)),
  )
  return fields.map(([name, field]) => `${name}: ${typeof field === 'string' ? field : JSON.stringify(field)}`).join('  ')
}

/** Does a row match the words of a filter? All words must occur. `in`, `out`, `fault` and `link:3` are words too. */
export function matches(message: WireMessage, words: readonly string[]): boolean {
  return words.every((word) => {
    if (word === 'in' || word === 'out' || word === 'fault') return message.type === word
    if (word === 'hand') return message.byHand
    if (word.startsWith('link:')) return String(message.link) === word.slice(5)
    return message.words.includes(word)
  })
}

export const filterWords = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
