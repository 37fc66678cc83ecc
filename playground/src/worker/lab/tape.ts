/**
 * The tape: what crossed the links of a page or of its worker, chunk by chunk, as it went. It is bounded by bytes and by count; the oldest
 * chunks go first, and the tape says how many are gone.
 */
import type { CloseReason, Link } from 'signalbox'
import type { Fault } from 'signalbox/testing'

/** What the bytes of a link mean. */
export type WireCodec = 'ndjson' | 'cmdop-1' | 'cmdop-2'

/** A link on the tape. */
export interface WireLink {
  /** Counted from 1 in the order of opening, over all systems. */
  readonly id: number
  readonly system: string
  readonly codec: WireCodec
  /** Unix milliseconds. */
  readonly openedAt: number
  /** Who opened it: the client of the system, or a person in the wire view. */
  readonly by: 'client' | 'hand'
  /** Why it closed. Absent while it is open. */
  readonly closed?: string
}

/** One entry of the tape. `in` is from the peer, `out` is to the peer. */
export type WireRecord = {
  readonly seq: number
  readonly link: number
  /** Unix milliseconds. */
  readonly at: number
} & (
  | { readonly type: 'in' | 'out'; readonly bytes: Uint8Array; readonly by?: 'hand' }
  | { readonly type: 'open' | 'eof' | 'end' }
  | { readonly type: 'close'; readonly reason: string }
  | { readonly type: 'fault'; readonly fault: Fault; readonly direction: 'in' | 'out' }
)

type Entry = WireRecord extends infer One ? (One extends WireRecord ? Omit<One, 'seq' | 'at'> : never) : never

export interface TapeOptions {
  /** Bytes that are kept. Default 8 MiB. */
  readonly maxBytes?: number
  /** Entries that are kept. Default 50,000. */
  readonly maxRecords?: number
  readonly now?: () => number
}

export interface Tape {
  /** The same link, with everything that crosses it written to the tape. */
  attach(link: Link, about: Pick<WireLink, 'system' | 'codec' | 'by'>): { readonly link: Link; readonly id: number }
  /** Writes an entry that did not come from a link itself, such as a fault. */
  add(entry: Entry): void
  /** Every link that was attached, the closed ones too, except those without an entry on the tape. */
  links(): readonly WireLink[]
  /** The entries after a position, oldest first. `dropped` entries after that position are gone. */
  since(seq: number): { readonly records: readonly WireRecord[]; readonly dropped: number }
  clear(): void
  /** Calls the listener after each change, at once. Returns the function that stops it. */
  onChange(listener: () => void): () => void
}

const OVERHEAD = 64

export function createTape({ maxBytes = 8 * 1024 * 1024, maxRecords = 50_000, now = Date.now }: TapeOptions = {}): Tape {
  const links = new Map<number, WireLink>()
  const listeners = new Set<() => void>()
  let records: WireRecord[] = []
  /** Entries before this index are gone. They are cut off now and then, not one by one. */
  let head = 0
  let bytes = 0
  let seq = 0
  let count = 0

  const weight = (record: WireRecord): number => OVERHEAD + ('bytes' in record ? record.bytes.byteLength : 0)
  const add = (entry: Entry): void => {
    seq += 1
    const record = { ...entry, seq, at: now() } as WireRecord
    records.push(record)
    bytes += weight(record)
    while ((bytes > maxBytes || records.length - head > maxRecords) && records.length - head > 1) {
      bytes -= weight(records[head] as WireRecord)
      head += 1
    }
    if (head > 1_000 && head > records.length / 2) {
      records = records.slice(head)
      head = 0
    }
    for (const listener of listeners) listener()
  }

  return {
    add,
    attach(link, about) {
      count += 1
      const id = count
      links.set(id, { id, ...about, openedAt: now() })
      add({ link: id, type: 'open' })
      void link.closed.then((reason) => {
        const text = closeText(reason)
        links.set(id, { ...(links.get(id) as WireLink), closed: text })
        add({ link: id, type: 'close', reason: text })
      })
      return { id, link: taped(link, id, add, about.codec) }
    },
    links() {
      const kept = new Set(records.slice(head).map(({ link }) => link))
      for (const { id, closed } of [...links.values()]) if (closed !== undefined && !kept.has(id)) links.delete(id)
      return [...links.values()]
    },
    since(from) {
      const first = records[head]?.seq ?? seq + 1
      const start = head + Math.max(0, from + 1 - first)
      return { records: records.slice(start), dropped: Math.max(0, first - from - 1) }
    },
    clear() {
      records = []
      head = 0
      bytes = 0
      for (const listener of listeners) listener()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function taped(link: Link, id: number, add: Tape['add'], codec: WireCodec): Link {
  let ended = false
  let eof = false
  return {
    info: link.info,
    async read() {
      const chunk = await link.read()
      if (chunk) add({ link: id, type: 'in', bytes: chunk.slice() })
      else if (!eof) {
        eof = true
        add({ link: id, type: 'eof' })
      }
      return chunk
    },
    write(chunk) {
      add({ link: id, type: 'out', bytes: codec === 'ndjson' ? withoutSecrets(chunk) : chunk.slice() })
      return link.write(chunk)
    },
    end() {
      if (!ended) add({ link: id, type: 'end' })
      ended = true
      return link.end()
    },
    close: (options) => link.close(options),
    get closed() {
      return link.closed
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  }
}

const SECRET = /("secret"\s*:\s*")((?:[^"\\]|\\.)*)/g

/**
 * A copy of a chunk in which the secret of an answer is masked: the hub's rule is that nobody keeps it. A client writes an answer as one
 * line in one chunk. The length stays the same.
 */
function withoutSecrets(chunk: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(chunk)
  if (!text.includes('"secret"')) return chunk.slice()
  const masked = text.replace(
    SECRET,
    (_, head: string, value: string) => head + '*'.repeat(new TextEncoder().encode(value).byteLength),
  )
  return new TextEncoder().encode(masked)
}

/** Why a link closed, for people. */
function closeText(reason: CloseReason): string {
  switch (reason.kind) {
    case 'local':
      return 'closed by this side'
    case 'eof':
      return 'both directions ended'
    case 'peer':
      return 'closed by the peer'
    case 'exit':
      return reason.signal === null ? `the process ended with ${reason.exitCode}` : `the process was ended by ${reason.signal}`
    case 'error':
      return 'failed'
  }
}
