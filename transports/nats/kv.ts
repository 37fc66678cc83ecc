/** A map as one message for each key. The version of a value is the sequence of its message, which the server never gives twice. */
import { checkKey, checkPosition, PAGE_ENTRIES, storeClosed } from '../../src/store/rules.js'
import type { Kv, KvVersion } from '../../src/store/store.js'
import { HEADER, type JetStream } from './jetstream.js'
import type { Headers, Stored } from './wire.js'
import { fromToken, type Subjects } from './names.js'

const KEY = 'Signalbox-Key'
const DELETED = 'Signalbox-Deleted'
/** How long the server keeps the mark of a deleted key if its deletion is interrupted. */
const MARK_TTL = '10s'
const ROUNDS = 20
const NOTHING = new Uint8Array(0)

export interface KvOptions {
  readonly jetstream: JetStream
  readonly subjects: Subjects
  readonly name: string
}

export function createNatsKv({ jetstream, subjects, name }: KvOptions, release: () => void): Kv {
  const what = `The map ${name}`
  let closed = false
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const subjectOf = (key: string): string => {
    checkOpen()
    return subjects.value(name, checkKey(key))
  }

  /** The newest message: a value, or the mark of a deletion that is not swept yet. */
  const newest = async (subject: string): Promise<{ readonly seq: number; readonly value?: Stored }> => {
    const found = await jetstream.last(what, subject)
    if (!found) return { seq: 0 }
    return found.header(DELETED) === undefined ? { seq: found.seq, value: found } : { seq: found.seq }
  }

  /** Replaces the message with this sequence, or any with undefined. Undefined: another message is there. */
  const replace = async (key: string, subject: string, seq: number | undefined, bytes: Uint8Array, more: Headers = {}) => {
    const id = crypto.randomUUID()
    const fields: Headers = {
      ...more,
      [HEADER.id]: id,
      [HEADER.rollup]: 'sub',
      [KEY]: encodeURIComponent(key),
      ...(seq === undefined ? {} : { [HEADER.expected]: seq }),
    }
    const written = await jetstream.publish(what, { subject, bytes, headers: fields })
    if (!written.refused) return written.seq
    // An attempt without an answer may have been stored. Then the message that is there now is ours.
    const now = written.maybe ? await jetstream.last(what, subject) : undefined
    return now?.header(HEADER.id) === id ? now.seq : undefined
  }

  return {
    async get(key) {
      const { value } = await newest(subjectOf(key))
      return value ? { key, bytes: value.bytes, version: String(value.seq) } : null
    },
    async put(key, bytes) {
      const subject = subjectOf(key)
      return String(await replace(key, subject, undefined, bytes.slice()))
    },
    async compareAndSet(key, expected, bytes) {
      const subject = subjectOf(key)
      const copy = bytes.slice()
      if (expected !== null) {
        const seq = sequenceOf(expected)
        const written = seq === undefined ? undefined : await replace(key, subject, seq, copy)
        return written === undefined ? null : String(written)
      }
      let seq = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        const written = await replace(key, subject, seq, copy)
        if (written !== undefined) return String(written)
        const now = await newest(subject)
        if (now.value) return null
        // The mark of a deletion is as good as nothing.
        seq = now.seq
      }
      return null
    },
    async delete(key, expected) {
      const subject = subjectOf(key)
      for (let round = 0; round < ROUNDS; round += 1) {
        const { value } = await newest(subject)
        if (!value || (expected !== undefined && String(value.seq) !== expected)) return false
        const mark = await replace(key, subject, value.seq, NOTHING, { [DELETED]: 1, [HEADER.ttl]: MARK_TTL })
        if (mark === undefined) continue
        // The key is deleted now. A mark that stays behind is deleted by the server.
        await jetstream.ask(what, 'STREAM.PURGE', { filter: subject, seq: mark + 1 }).catch(() => {})
        return true
      }
      return false
    },
    async list({ prefix = '', after, maxKeys = PAGE_ENTRIES } = {}) {
      checkOpen()
      checkPosition(maxKeys, 'maxKeys', 1)
      const keys: string[] = []
      for (const subject of await subjectsOf(jetstream, what, subjects.values(name))) {
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

/** A version of another store is no sequence. */
function sequenceOf(version: KvVersion): number | undefined {
  const seq = Number(version)
  return Number.isSafeInteger(seq) && seq > 0 && String(seq) === version ? seq : undefined
}

interface SubjectPage {
  readonly state: { readonly subjects?: Readonly<Record<string, number>> }
  readonly total?: number
}

/** Every subject that matches and has a message. The server gives them in pages. */
async function subjectsOf(jetstream: JetStream, what: string, filter: string): Promise<string[]> {
  const found = new Set<string>()
  for (let offset = 0; ; ) {
    const page = await jetstream.ask<SubjectPage>(what, 'STREAM.INFO', { subjects_filter: filter, offset })
    const names = Object.keys(page?.state.subjects ?? {})
    for (const each of names) found.add(each)
    offset += names.length
    if (names.length === 0 || offset >= (page?.total ?? 0)) return [...found]
  }
}
