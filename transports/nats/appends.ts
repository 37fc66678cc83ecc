/** Appends in their order: one message is under way at a time, and everything that waits meanwhile goes into the next one. */
import { SignalboxError } from '../../src/errors.js'
import type { Fence } from '../../src/store/store.js'
import { join, PER_MESSAGE, sequenceAt } from './entries.js'
import { noAnswer, tooLarge } from './failures.js'
import type { Fences } from './fences.js'
import { HEADER, type JetStream, type Published } from './jetstream.js'
import type { Headers } from './wire.js'

/** More would make a reader fetch much for a few entries. A larger entry has a message of its own. */
const MESSAGE_BYTES = 64 * 1024

interface Append {
  readonly fence: Fence | undefined
  readonly entries: readonly Uint8Array[]
  readonly sequences: number[]
  failed: boolean
  resolve(sequences: number[]): void
  reject(error: unknown): void
}

/** Entries of one or more appends in one message. */
interface Parcel {
  readonly fence: Fence | undefined
  readonly parts: { readonly append: Append; readonly entries: Uint8Array[] }[]
  entries: number
  bytes: number
}

export interface Appends {
  /** Copies the entries: the caller may use its arrays again at once. */
  add(entries: readonly Uint8Array[], fence: Fence | undefined): Promise<number[]>
}

export function createAppends(label: string, subject: string, jetstream: JetStream, fences: Fences): Appends {
  let waiting: Append[] = []
  let working = false

  const publish = ({ fence, parts }: Parcel): Promise<Published> => {
    const { bytes, headers } = join(parts.flatMap(({ entries }) => entries))
    const id = crypto.randomUUID()
    const write = (more: Headers): Promise<Published> =>
      jetstream.publish(label, { subject, bytes, headers: { ...headers, ...more, [HEADER.id]: id } })
    return fence ? fences.under(label, fence, write) : write({})
  }
  const send = async (parcel: Parcel): Promise<void> => {
    const parts = parcel.parts.filter(({ append }) => !append.failed)
    if (parts.length === 0) return
    try {
      const published = await publish({ ...parcel, parts })
      // The lease is the only condition of this publish, and a lost lease rejects before this line.
      if (published.refused) throw noAnswer(label, 'maybe')
      const { seq } = published
      let index = 0
      for (const { append, entries } of parts) {
        for (const _ of entries) {
          append.sequences.push(sequenceAt(seq, index))
          index += 1
        }
        if (append.sequences.length === append.entries.length) append.resolve(append.sequences)
      }
    } catch (error) {
      for (const { append } of parts) {
        append.failed = true
        append.reject(append.sequences.length > 0 ? partly(error) : error)
      }
    }
  }
  const work = async (): Promise<void> => {
    working = true
    // Appends of the same turn share a message.
    await Promise.resolve()
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      for (const parcel of pack(batch)) await send(parcel)
    }
    working = false
  }

  return {
    async add(entries, fence) {
      const limit = jetstream.maxBytes
      const large = entries.find((entry) => entry.byteLength > limit)
      if (large) throw tooLarge(label, large.byteLength, limit)
      if (entries.length === 0) {
        if (fence) await fences.check(label, fence)
        return []
      }
      return await new Promise<number[]>((resolve, reject) => {
        waiting.push({ entries: entries.map((entry) => entry.slice()), fence, sequences: [], failed: false, resolve, reject })
        if (!working) void work()
      })
    },
  }
}

/** Puts appends into as few messages as possible, without changing their order. */
function pack(appends: readonly Append[]): Parcel[] {
  const parcels: Parcel[] = []
  for (const append of appends) {
    for (const entry of append.entries) {
      let parcel = parcels.at(-1)
      const fits =
        parcel?.fence?.token === append.fence?.token &&
        (parcel?.entries ?? PER_MESSAGE) < PER_MESSAGE &&
        (parcel?.bytes ?? 0) + entry.byteLength <= MESSAGE_BYTES
      if (!parcel || !fits) {
        parcel = { fence: append.fence, parts: [], entries: 0, bytes: 0 }
        parcels.push(parcel)
      }
      let part = parcel.parts.at(-1)
      if (part?.append !== append) {
        part = { append, entries: [] }
        parcel.parts.push(part)
      }
      part.entries.push(entry)
      parcel.entries += 1
      parcel.bytes += entry.byteLength
    }
  }
  return parcels
}

/** The leading entries of the append are stored, so the whole is uncertain. */
function partly(error: unknown): unknown {
  if (!SignalboxError.is(error) || error.sent === 'maybe') return error
  return new SignalboxError({
    code: error.code,
    message: error.message,
    hint: 'The leading entries of this append are stored.',
    remoteCode: error.remoteCode,
    sent: 'maybe',
    cause: error,
  })
}
