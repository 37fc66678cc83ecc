/** A map as one message for each key. The version of a value is the sequence of its message, which the server never gives twice. */
import { checkFence, checkKey, checkPosition, PAGE_ENTRIES, storeClosed } from '../../src/store/rules.js'
import type { Fence, Kv, KvVersion } from '../../src/store/store.js'
import type { Fences } from './fences.js'
import { HEADER, type JetStream, type Message } from './jetstream.js'
import type { Headers, Stored } from './wire.js'
import { fromToken, type Subjects } from './names.js'

const KEY = 'Signalbox-Key'
/** Names one write, so that a writer recognises its own. */
const WRITE = 'Signalbox-Write'
const DELETED = 'Signalbox-Deleted'
/** How long the server keeps the message that carries the check of a lease. */
const CHECK_TTL = '1s'
/** How long the server keeps the mark of a deleted key if its deletion is interrupted. */
const MARK_TTL = '10s'
const ROUNDS = 20
const NOTHING = new Uint8Array(0)
/** No message has it. */
const NEVER = Number.MAX_SAFE_INTEGER

interface Write {
  readonly key: string
  readonly subject: string
  readonly seq: number | undefined
  readonly bytes: Uint8Array
  readonly fence: Fence | undefined
  readonly headers?: Headers
}

export interface KvOptions {
  readonly jetstream: JetStream
  readonly subjects: Subjects
  readonly fences: Fences
  readonly name: string
}

export function createNatsKv({ jetstream, subjects, fences, name }: KvOptions, release: () => void): Kv {
  const label = `The map ${name}`
  let closed = false
  const checkOpen = (): void => {
    if (closed) throw storeClosed(label)
  }
  const subjectOf = (key: string): string => {
    checkOpen()
    return subjects.value(name, checkKey(key))
  }

  /** The newest message: a value, or the mark of a deletion that is not swept yet. */
  const newest = async (subject: string): Promise<{ readonly seq: number; readonly value?: Stored }> => {
    const message = await jetstream.last(label, subject)
    if (!message) return { seq: 0 }
    return message.header(DELETED) === undefined ? { seq: message.seq, value: message } : { seq: message.seq }
  }

  /** Replaces the message with the sequence `seq`, or any without one. Undefined: another message is there. */
  const replace = async (write: Write): Promise<number | undefined> => {
    const { key, subject, seq, bytes, fence, headers } = write
    const id = crypto.randomUUID()
    const fields: Headers = {
      ...headers,
      [WRITE]: id,
      [HEADER.rollup]: 'sub',
      [KEY]: encodeURIComponent(key),
      ...(seq === undefined ? {} : { [HEADER.expected]: seq }),
    }
    const check = (lease: Headers): Message => ({
      subject: subjects.check,
      bytes: NOTHING,
      headers: { ...lease, [HEADER.ttl]: CHECK_TTL },
    })
    // One message has one condition: the lease is checked by a message of its own, stored together with the value or not at all.
    const written = fence
      ? await fences.under(label, fence, (lease) =>
          jetstream.publishAll(label, [check(lease), { subject, bytes, headers: fields }]),
        )
      : await jetstream.publish(label, { subject, bytes, headers: { ...fields, [HEADER.id]: id } })
    if (!written.refused) return written.seq
    // An attempt without an answer may have been stored. Then the message that is there now is ours.
    const now = written.maybe ? await jetstream.lastAfterWrite(label, subject) : undefined
    return now?.header(WRITE) === id ? now.seq : undefined
  }

  return {
    async get(key) {
      const { value } = await newest(subjectOf(key))
      return value ? { key, bytes: value.bytes, version: String(value.seq) } : null
    },
    async put(key, bytes, { fence } = {}) {
      const subject = subjectOf(key)
      checkFence(fence)
      return String(await replace({ key, subject, seq: undefined, bytes: bytes.slice(), fence }))
    },
    async compareAndSet(key, expected, bytes, { fence } = {}) {
      const subject = subjectOf(key)
      checkFence(fence)
      const write = { key, subject, bytes: bytes.slice(), fence }
      if (expected !== null) {
        // A version that is no sequence comes from another store.
        const written = await replace({ ...write, seq: sequenceOf(expected) ?? NEVER })
        return written === undefined ? null : String(written)
      }
      let seq = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        const written = await replace({ ...write, seq })
        if (written !== undefined) return String(written)
        const now = await newest(subject)
        if (now.value) return null
        // The mark of a deletion counts as no value.
        seq = now.seq
      }
      return null
    },
    async delete(key, expected, { fence } = {}) {
      const subject = subjectOf(key)
      checkFence(fence)
      for (let round = 0; round < ROUNDS; round += 1) {
        const { value } = await newest(subject)
        if (!value || (expected !== undefined && String(value.seq) !== expected)) return false
        const headers = { [DELETED]: 1, [HEADER.ttl]: MARK_TTL }
        const mark = await replace({ key, subject, seq: value.seq, bytes: NOTHING, fence, headers })
        if (mark === undefined) continue
        // The key is deleted now. If the purge fails, the server deletes the mark when its time is over.
        await jetstream.ask(label, 'STREAM.PURGE', { filter: subject, seq: mark + 1 }).catch(() => {})
        return true
      }
      return false
    },
    async list({ prefix = '', after, maxKeys = PAGE_ENTRIES } = {}) {
      checkOpen()
      checkPosition(maxKeys, 'maxKeys', 1)
      const keys: string[] = []
      for (const subject of await subjectsOf(jetstream, label, subjects.values(name))) {
        const key = fromToken(subject.slice(subject.lastIndexOf('.') + 1)) ?? (await hashedKey(subject))
        if (key?.startsWith(prefix) === true && (after === undefined || key > after)) keys.push(key)
      }
      return keys.sort().slice(0, maxKeys)
    },
    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      release()
    },
  }

  async function hashedKey(subject: string): Promise<string | undefined> {
    const key = (await newest(subject)).value?.header(KEY)
    return key === undefined ? undefined : decodeURIComponent(key)
  }
}

function sequenceOf(version: KvVersion): number | undefined {
  const seq = Number(version)
  return Number.isSafeInteger(seq) && seq > 0 && String(seq) === version ? seq : undefined
}

interface SubjectPage {
  readonly state: { readonly subjects?: Readonly<Record<string, number>> }
  readonly total?: number
}

/** Every subject that matches and has a message. The server gives them in pages. */
async function subjectsOf(jetstream: JetStream, label: string, filter: string): Promise<string[]> {
  const subjectNames = new Set<string>()
  for (let offset = 0; ; ) {
    const page = await jetstream.ask<SubjectPage>(label, 'STREAM.INFO', { subjects_filter: filter, offset })
    const names = Object.keys(page?.state.subjects ?? {})
    for (const each of names) subjectNames.add(each)
    offset += names.length
    if (names.length === 0 || offset >= (page?.total ?? 0)) return [...subjectNames]
  }
}
