/** The lab: taps and faults on the links between the hub and the simulators, and messages that a person sends by hand. */
import { SignalboxError, type Link, type StreamTransport } from 'signalbox'
import { withFaults, type Fault, type FaultOptions } from 'signalbox/testing'
import type { Percents } from './bench/plan.js'
import type { FromLab, LabError, SendWhere, SentByHand, ToLab } from './messages.js'
import { createTape, type Tape, type WireCodec } from './tape.js'

/** Puts the lab on the transport of one system. */
export type Through = <Launch>(system: string, transport: StreamTransport<Launch>) => StreamTransport<Launch>

export interface Lab {
  readonly through: Through
  readonly tape: Tape
  /** Serves one page over a port, until the port is closed. */
  serve(port: MessagePort): void
  sendByHand(link: number, where: SendWhere, bytes: Uint8Array): Promise<SentByHand>
  setFaults(system: string, seed: number, faults: Percents): void
  cut(system: string): number
}

interface OpenLink {
  readonly system: string
  readonly link: Link
  /** Opens another link to the same peer, started in the same way. */
  readonly again: () => Promise<Link>
  isOpen: boolean
}

/** How often entries are sent to the page. */
const FLUSH_MS = 50
/** Entries in one message to the page. */
const BATCH = 2_000
const KEPT_LINKS = 2_000

/** Makes a lab. Long because the links, the faults and the tape share their state. */
export function createLab({ codecs = {} }: { readonly codecs?: Readonly<Record<string, WireCodec>> } = {}): Lab {
  const tape = createTape()
  const links = new Map<number, OpenLink>()
  const faults = new Map<string, FaultOptions>()
  const codecOf = (system: string): WireCodec => codecs[system] ?? 'ndjson'

  const attach = (system: string, by: 'client' | 'hand', opened: Link, again: OpenLink['again']): { link: Link; id: number } => {
    const { link, id } = tape.attach(opened, { system, codec: codecOf(system), by })
    const one: OpenLink = { system, link, again, isOpen: true }
    links.set(id, one)
    void link.closed.then(() => {
      one.isOpen = false
    })
    // A closed link can be opened again by hand, so a limited number of closed links is kept.
    for (const old of links.keys()) {
      if (links.size <= KEPT_LINKS) break
      links.delete(old)
    }
    return { link, id }
  }
  const setFaults = (system: string, seed: number, percents: Percents): void => {
    const odds = Object.fromEntries(Object.entries(percents).map(([fault, percent]) => [fault, percent / 100]))
    if (Object.values(odds).every((chance) => chance === 0)) return void faults.delete(system)
    const onFault = (fault: Fault, direction: 'in' | 'out'): void =>
      tape.add({ link: newestOf(system), type: 'fault', fault, direction })
    faults.set(system, { seed, odds, maxLatencyMs: 400, downMs: 1_000, onFault })
  }
  const newestOf = (system: string): number => [...links].findLast(([, one]) => one.system === system)?.[0] ?? 0

  const through: Through = (system, transport) => {
    // One wrapper for each setting, because its links share a seed and are reset together.
    let wrapped: { readonly of: unknown; readonly transport: typeof transport } | undefined
    const current = (): typeof transport => {
      const set = faults.get(system)
      if (!set) return transport
      if (wrapped?.of !== set) wrapped = { of: set, transport: withFaults(transport, set) }
      return wrapped.transport
    }
    return {
      kind: 'stream',
      name: transport.name,
      async open(launch, options) {
        const opened = await current().open(launch, options)
        return attach(system, 'client', opened, () => transport.open(launch)).link
      },
    }
  }
  const cut = (system: string): number => {
    const open = [...links.values()].filter((one) => one.system === system && one.isOpen)
    for (const { link } of open) void link.close({ graceMs: 0 })
    return open.length
  }

  const sendByHand = async (id: number, where: SendWhere, bytes: Uint8Array): Promise<SentByHand> => {
    const known = links.get(id)
    if (!known) throw refused('The lab has dropped this link. Choose a newer message.')
    if (where === 'same') {
      if (!known.isOpen) throw refused('This link is closed. Send on a new link instead.')
      await known.link.write(bytes)
      return { link: id, bytes: bytes.byteLength }
    }
    const fresh = attach(known.system, 'hand', await known.again(), known.again)
    await fresh.link.write(bytes)
    void readAll(fresh.link)
    return { link: fresh.id, bytes: bytes.byteLength }
  }

  return { through, tape, sendByHand, setFaults, cut, serve: (port) => servePort(port, { tape, sendByHand, setFaults, cut }) }
}

/** A link that a person opened has no client: its answers are read for the tape. It is closed when it was silent for a while. */
async function readAll(link: Link): Promise<void> {
  const SILENT_MS = 5_000
  let timer: ReturnType<typeof setTimeout> | undefined
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void link.close(), SILENT_MS)
  }
  later()
  try {
    while ((await link.read()) !== null) later()
  } catch {
    // The peer broke the link. The tape has it.
  }
  clearTimeout(timer)
  await link.close()
}

function refused(message: string): SignalboxError {
  return new SignalboxError({ code: 'invalid_argument', message, sent: 'no' })
}

function servePort(port: MessagePort, lab: Pick<Lab, 'tape' | 'sendByHand' | 'setFaults' | 'cut'>): void {
  const { tape } = lab
  let place = 0
  let watching = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const post = (message: FromLab): void => port.postMessage(message)
  const flush = (): void => {
    timer = undefined
    if (!watching) return
    const { records, dropped } = tape.since(place)
    const batch = records.slice(0, BATCH)
    place = batch.at(-1)?.seq ?? place
    post({ type: 'records', records: batch, dropped, links: tape.links() })
    if (batch.length < records.length) later()
  }
  const later = (): void => {
    if (timer === undefined) timer = setTimeout(flush, FLUSH_MS)
  }
  // Undefined while the port does not watch: then it gets no entries.
  let unlisten: (() => void) | undefined
  const answer = (call: number, work: () => unknown): void => {
    Promise.resolve()
      .then(work)
      .then(
        (result) => post({ type: 'reply', call, result }),
        (error: unknown) => post({ type: 'reply', call, error: plainError(error) }),
      )
  }
  port.onmessage = ({ data }: MessageEvent<ToLab>) => {
    switch (data.type) {
      case 'watch':
        watching = true
        place = data.from
        unlisten ??= tape.onChange(later)
        return flush()
      case 'unwatch':
        watching = false
        unlisten?.()
        unlisten = undefined
        return
      case 'clear':
        return tape.clear()
      case 'send':
        return answer(data.call, () => lab.sendByHand(data.link, data.where, data.bytes))
      case 'faults':
        return answer(data.call, () => lab.setFaults(data.system, data.seed, data.faults))
      case 'cut':
        return answer(data.call, () => lab.cut(data.system))
    }
  }
}

function plainError(error: unknown): LabError {
  if (SignalboxError.is(error)) return { code: error.code, message: error.message, sent: error.sent }
  return { code: 'unavailable', message: error instanceof Error ? error.message : String(error), sent: 'maybe' }
}
