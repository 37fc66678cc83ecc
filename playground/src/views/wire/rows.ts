/** The rows of the wire view, outside the components: decoded once, filtered when the filter or the rows change, one change a frame. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { nextFrame } from '../../app/frame.js'
import type { WireLink, WireRecord } from '../../worker/lab/tape.js'
import { createWireDecoder, filterWords, matches, type WireMessage } from './decode.js'
import type { WireSource } from './source.js'

/** Rows that the page keeps. The oldest go first. */
const KEPT_ROWS = 20_000
const KEPT_BYTES = 16 * 1024 * 1024

export interface WireRows {
  readonly links: ReadonlySignal<ReadonlyMap<number, WireLink>>
  /** Rows that match the filter. */
  readonly shown: ReadonlySignal<readonly WireMessage[]>
  readonly total: ReadonlySignal<number>
  /** A row by its id, also if the filter hides it. */
  find(id: number | undefined): WireMessage | undefined
  /** Entries that were gone before the page could show them, or that the page has dropped. */
  readonly dropped: ReadonlySignal<number>
  readonly filter: Signal<string>
  readonly system: Signal<string>
  /** True: the rows stay as they are. What arrives meanwhile is shown afterwards. */
  readonly paused: Signal<boolean>
  /** The entries of the tape that the page has, for a recording. */
  records(): readonly WireRecord[]
  clear(): void
  close(): void
}

export function createWireRows(source: WireSource): WireRows {
  const decoder = createWireDecoder()
  const links = signal<ReadonlyMap<number, WireLink>>(new Map())
  const rows = signal<readonly WireMessage[]>([])
  const dropped = signal(0)
  const filter = signal('')
  const system = signal('')
  const paused = signal(false)
  let records: WireRecord[] = []
  let bytes = 0
  let waiting: WireMessage[] = []
  let planned = false

  const flush = (): void => {
    planned = false
    if (paused.value || waiting.length === 0) return
    const all = [...rows.value, ...waiting]
    waiting = []
    rows.value = all.length > KEPT_ROWS ? all.slice(all.length - KEPT_ROWS) : all
  }
  const plan = (): void => {
    if (planned) return
    planned = true
    nextFrame(flush)
  }
  const sizeOf = (record: WireRecord): number => ('bytes' in record ? record.bytes.byteLength : 0) + 64
  const keep = (fresh: readonly WireRecord[]): void => {
    records.push(...fresh)
    for (const record of fresh) bytes += sizeOf(record)
    let gone = 0
    while (bytes > KEPT_BYTES && gone < records.length - 1) {
      bytes -= sizeOf(records[gone] as WireRecord)
      gone += 1
    }
    if (gone > 0) records = records.slice(gone)
  }
  const stop = source.watch((batch) => {
    links.value = new Map([...links.value, ...batch.links.map((link) => [link.id, link] as const)])
    if (batch.dropped > 0) dropped.value += batch.dropped
    keep(batch.records)
    waiting.push(...decoder.push(batch.records, links.value))
    if (waiting.length > KEPT_ROWS) waiting = waiting.slice(-KEPT_ROWS)
    plan()
  })
  const unpause = paused.subscribe((isPaused) => {
    if (!isPaused) plan()
  })
  return {
    links,
    shown: computed(() => {
      const words = filterWords(filter.value)
      const only = system.value
      if (words.length === 0 && only === '') return rows.value
      return rows.value.filter((row) => (only === '' || row.system === only) && matches(row, words))
    }),
    total: computed(() => rows.value.length),
    find(id) {
      if (id === undefined) return undefined
      // The ids count up, and only rows at the front are ever dropped.
      const first = rows.value[0]?.id ?? 0
      return rows.value[id - first]
    },
    dropped,
    filter,
    system,
    paused,
    records: () => records,
    clear() {
      source.clear()
      records = []
      bytes = 0
      waiting = []
      rows.value = []
      dropped.value = 0
    },
    close() {
      stop()
      unpause()
      source.close()
    },
  }
}
