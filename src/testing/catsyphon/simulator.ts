/**
 * A CatSyphon server in memory, of any of its three generations. It models the interface, with its holes and races, and keeps a
 * ledger of what was really stored, so that a test can count what was lost and what was doubled.
 */
import { systemClock, type Clock, type Random } from '../../core/clock.js'
import type { ExchangeTransport } from '../../transport.js'
import { createRouter } from './routes.js'
import { Answered, internalError, type SimulatedOutcome } from './answers.js'
import { createFaultPlan, type Fault, type FaultPlan } from './faults.js'
import { frontDoor } from './front.js'
import { exchangeOf } from './exchange.js'
import { createRecords, type Records } from './records.js'
import { parseRequest } from './request.js'
import type { CollectorRecord, SessionRecord, StoredRow } from './sessions.js'
import type { IncomingEvent } from './validate.js'

/** `sequence`: until 2025; `transitional`: the first days of 2026; `current`: since then. */
export type Generation = 'sequence' | 'transitional' | 'current'

export interface SimulatedRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export interface CatsyphonSimulatorOptions {
  readonly generation?: Generation
  readonly clock?: Clock
  /** Ids and keys come from here, so that a seed reproduces them. */
  readonly random?: Random
  /** The bundled web front end before the API: path prefix `/api`, bodies up to 1 MiB, HTML for everything else. */
  readonly front?: boolean
}

export interface CatsyphonLedger {
  readonly sessions: ReadonlyMap<string, SessionRecord>
  /** Rows of one session in the order they were stored; none if it does not exist. */
  rows(sessionId: string): readonly StoredRow[]
  /** How many rows are copies of another one, by the event's hash, or by its sequence on the sequence server. */
  doubles(sessionId: string): number
  /** Requests that reached the server, processed or not. */
  readonly requests: number
  /** The most requests that were inside at one moment for one session. */
  readonly mostAtOnce: number
}

export interface CatsyphonSimulator {
  readonly generation: Generation
  readonly workspaceId: string
  /** Speaks to the simulator without a network. */
  readonly transport: ExchangeTransport
  handle(request: SimulatedRequest): Promise<SimulatedOutcome>
  register(): CollectorRecord
  /** Switches a collector off or on, as only the real server's database can. */
  setEnabled(collectorId: string, enabled: boolean): void
  inject(fault: Fault): void
  readonly faults: FaultPlan
  /** A rule for events that storage refuses. Undefined ends it. */
  setPoison(rule: ((event: IncomingEvent) => boolean) | undefined): void
  /** What `/health` says of the database. */
  setHealthy(healthy: boolean): void
  /** Forgets every session: the server's database was replaced. */
  forgetSessions(): void
  readonly ledger: CatsyphonLedger
}

export function createCatsyphonSimulator(options: CatsyphonSimulatorOptions = {}): CatsyphonSimulator {
  const { generation = 'current', clock = systemClock, random = Math.random, front = false } = options
  const records: Records = createRecords(random, clock)
  const plan = createFaultPlan()
  const workspaceId = records.addWorkspace('Engineering').id
  let poison: ((event: IncomingEvent) => boolean) | undefined
  let healthy = true
  let requests = 0
  const route = createRouter({
    generation,
    records,
    clock,
    isHealthy: () => healthy,
    poison: (event) => poison?.(event) ?? false,
  })

  const answer = async (request: SimulatedRequest): Promise<SimulatedOutcome> => {
    const number = requests
    const fault = plan.take(request)
    if (fault?.kind === 'refuse') return { kind: 'refused' }
    if (fault?.kind === 'reset' && fault.when === 'before') return { kind: 'reset' }
    if (fault?.kind === 'answer') {
      const { status, body = '', contentType, headers = {}, close = false } = fault
      const type = contentType === undefined ? {} : { 'content-type': contentType }
      return { kind: 'answer', status, headers: { ...type, ...headers }, body, close }
    }
    const slow = fault?.kind === 'slow' ? fault : undefined
    const pause = async (phase: string): Promise<void> => {
      if (slow?.phase === phase) await new Promise<void>((resolve) => void clock.after(slow.ms, resolve))
    }
    await pause('queued')
    const outcome = await settle(() => route(parseRequest(request, number), pause))
    await pause('answered')
    if (fault?.kind === 'reset') return { kind: 'reset' }
    if (fault?.kind === 'truncate' && outcome.kind === 'answer') return { ...outcome, truncated: true, close: true }
    return outcome
  }

  const handle = (request: SimulatedRequest): Promise<SimulatedOutcome> => {
    requests += 1
    return front ? frontDoor(request, answer) : answer(request)
  }

  return {
    generation,
    workspaceId,
    transport: exchangeOf(handle),
    handle,
    register: () => records.addCollector(workspaceId),
    setEnabled(collectorId, enabled) {
      const found = records.collectors.get(collectorId)
      if (found) found.enabled = enabled
    },
    inject: (fault) => plan.add(fault),
    faults: plan,
    setPoison(rule) {
      poison = rule
    },
    setHealthy(now) {
      healthy = now
    },
    forgetSessions: () => records.sessions.clear(),
    ledger: {
      sessions: records.sessions,
      rows: (sessionId) => records.sessions.get(sessionId)?.rows ?? [],
      doubles(sessionId) {
        const rows = records.sessions.get(sessionId)?.rows ?? []
        const keys = new Set(rows.map((row) => (generation === 'sequence' ? `${row.given}` : row.hash)))
        return rows.length - keys.size
      },
      get requests() {
        return requests
      },
      get mostAtOnce() {
        return records.mostAtOnce
      },
    },
  }
}

async function settle(work: () => Promise<SimulatedOutcome>): Promise<SimulatedOutcome> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Answered) return error.answer
    return internalError()
  }
}
