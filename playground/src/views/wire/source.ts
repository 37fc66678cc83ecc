/** Where the wire view gets its entries: the lab of the worker, over a port, or the tape of the page's own link to a gateway. */
import { SignalboxError, type ErrorCode } from 'signalbox'
import type { Connection } from '../../connection/connection.js'
import type { Percents } from '../../worker/lab/bench/plan.js'
import type { Lab } from '../../worker/lab/lab.js'
import type { FromLab, LabError, SendWhere, SentByHand, ToLab } from '../../worker/lab/messages.js'
import type { WireLink, WireRecord } from '../../worker/lab/tape.js'

/** A part of the tape, as it arrives. */
export interface WireBatch {
  readonly records: readonly WireRecord[]
  /** Entries that are gone before these. */
  readonly dropped: number
  readonly links: readonly WireLink[]
}

export interface WireSource {
  /** `lab`: the links between the hub and the simulators. `page`: the link of this page to the hub behind the gateway. */
  readonly kind: 'lab' | 'page'
  /** Delivers the whole tape and everything that follows. Returns the function that stops it. */
  watch(take: (batch: WireBatch) => void): () => void
  clear(): void
  /** Rejects with `sent: 'no'` when nothing was written. */
  send(link: number, where: SendWhere, bytes: Uint8Array): Promise<SentByHand>
  /** Faults on the links of a system that are opened from now on. An empty record ends them. */
  setFaults(system: string, seed: number, faults: Percents): Promise<void>
  /** Cuts the open links of a system. Gives their number. */
  cut(system: string): Promise<number>
  close(): void
}

/** Undefined: this connection has no tape. */
export function openSource(connection: Connection): WireSource | undefined {
  if (connection.tap) return pageSource(connection.tap)
  return connection.lab ? labSource(connection.lab()) : undefined
}

type Call = Extract<ToLab, { readonly call: number }>
type WithoutCall<Message> = Message extends Call ? Omit<Message, 'call'> : never

function labSource(port: MessagePort): WireSource {
  const calls = new Map<number, { resolve(result: unknown): void; reject(error: unknown): void }>()
  let taker: ((batch: WireBatch) => void) | undefined
  let count = 0
  const tell = (message: ToLab): void => port.postMessage(message)
  const call = <Result>(message: WithoutCall<Call>): Promise<Result> =>
    new Promise((resolve, reject) => {
      count += 1
      calls.set(count, { resolve: resolve as (result: unknown) => void, reject })
      tell({ ...message, call: count } as Call)
    })
  port.onmessage = ({ data }: MessageEvent<FromLab>) => {
    if (data.type === 'records') return taker?.(data)
    const waiting = calls.get(data.call)
    calls.delete(data.call)
    if ('error' in data) waiting?.reject(asError(data.error))
    else waiting?.resolve(data.result)
  }
  return {
    kind: 'lab',
    watch(take) {
      taker = take
      tell({ type: 'watch', from: 0 })
      return () => {
        taker = undefined
        tell({ type: 'unwatch' })
      }
    },
    clear: () => tell({ type: 'clear' }),
    send: (link, where, bytes) => call({ type: 'send', link, where, bytes }),
    setFaults: (system, seed, faults) => call({ type: 'faults', system, seed, faults }),
    cut: (system) => call({ type: 'cut', system }),
    close: () => port.close(),
  }
}

function asError({ code, message, sent }: LabError): SignalboxError {
  return new SignalboxError({ code: code as ErrorCode, message, sent })
}

function pageSource(lab: Lab): WireSource {
  return {
    kind: 'page',
    watch(take) {
      let place = 0
      const flush = (): void => {
        const { records, dropped } = lab.tape.since(place)
        place = records.at(-1)?.seq ?? place
        take({ records, dropped, links: lab.tape.links() })
      }
      flush()
      return lab.tape.onChange(flush)
    },
    clear: () => lab.tape.clear(),
    send: lab.sendByHand,
    setFaults: async (system, seed, faults) => lab.setFaults(system, seed, faults),
    cut: async (system) => lab.cut(system),
    close: () => {},
  }
}
