/**
 * A CatSyphon server in memory, of any of its three generations. It simulates the interface with its faults and races, and keeps a
 * ledger of what was really stored, so that a test can count lost and doubled events.
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
import type { Generation, SimulatedRequest } from './types.js'
import type { IncomingEvent } from './validate.js'

/** Options of `createCatsyphonSimulator`. */
export interface CatsyphonSimulatorOptions {
  /** Default `current`. */
  readonly generation?: Generation
  /** The clock of timestamps and of slow faults. Default: the system's clock. */
  readonly clock?: Clock
  /** Source of ids and keys. Pass a seeded one to get the same ids in every run. Default `Math.random`. */
  readonly random?: Random
  /** Puts the bundled web front end before the API: path prefix `/api`, bodies up to 1 MiB, HTML for everything else. */
  readonly front?: boolean
}

/** What the simulator really stored. It may differ from the answers that clients got. */
export interface CatsyphonLedger {
  /** Sessions by id. */
  readonly sessions: ReadonlyMap<string, SessionRecord>
  /**
   * The rows of a session in the order in which they were stored. Empty if there is no such session.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const { ledger } = createCatsyphonSimulator()
   * console.log(ledger.rows('s-1').map(({ type }) => type))
   */
  rows(sessionId: string): readonly StoredRow[]
  /**
   * How many rows of a session are copies of another row: by the hash of the event, or by its sequence in generation `sequence`.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const { ledger } = createCatsyphonSimulator()
   * if (ledger.doubles('s-1') > 0) throw new Error('an event was stored twice')
   */
  doubles(sessionId: string): number
  /** Requests that reached the server, processed or not. */
  readonly requests: number
  /** The highest number of requests that one session had at the same time. */
  readonly mostAtOnce: number
}

/** A simulated CatSyphon server. */
export interface CatsyphonSimulator {
  /** The generation of the server that is simulated. */
  readonly generation: Generation
  /** The id of the workspace. The simulator has one. */
  readonly workspaceId: string
  /** Reaches the simulator without a network. */
  readonly transport: ExchangeTransport
  /**
   * Answers one request, for a server of your own. Faults apply to it as to requests of `transport`.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const simulator = createCatsyphonSimulator()
   * const outcome = await simulator.handle({ method: 'GET', path: '/health' })
   * console.log(outcome.kind === 'answer' && outcome.status)
   */
  handle(request: SimulatedRequest): Promise<SimulatedOutcome>
  /**
   * Makes a collector in the workspace and returns its id and key, which a client needs to send events.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const { id: collectorId, key: apiKey } = createCatsyphonSimulator().register()
   * console.log(collectorId, apiKey)
   */
  register(): CollectorRecord
  /**
   * Switches a collector off or on. Requests of a collector that is off get 403. An unknown id is ignored.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const simulator = createCatsyphonSimulator()
   * simulator.setEnabled(simulator.register().id, false)
   */
  setEnabled(collectorId: string, enabled: boolean): void
  /**
   * Adds a fault. The next requests that the fault fits get it.
   *
   * @example
   * import { catsyphonFaults, createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const simulator = createCatsyphonSimulator()
   * simulator.inject({ ...catsyphonFaults.reset('after'), times: 2, on: ({ method }) => method === 'POST' })
   */
  inject(fault: Fault): void
  /** The faults that no request has taken yet. */
  readonly faults: FaultPlan
  /**
   * Sets a rule for events that the server fails to store. Undefined removes the rule.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const simulator = createCatsyphonSimulator()
   * simulator.setPoison(({ type }) => type === 'tool_call')
   */
  setPoison(rule: ((event: IncomingEvent) => boolean) | undefined): void
  /**
   * What `/health` reports about the database. At first it is healthy.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const simulator = createCatsyphonSimulator()
   * simulator.setHealthy(false)
   */
  setHealthy(healthy: boolean): void
  /**
   * Deletes every session, as a server does whose database was replaced. Collectors are kept.
   *
   * @example
   * import { createCatsyphonSimulator } from 'signalbox/testing'
   *
   * const simulator = createCatsyphonSimulator()
   * simulator.forgetSessions()
   * console.log(simulator.ledger.sessions.size) // 0
   */
  forgetSessions(): void
  /** What was really stored. */
  readonly ledger: CatsyphonLedger
}

/**
 * Creates a CatSyphon server in memory.
 *
 * @example
 * import { catsyphonOutbox, createCatsyphon } from 'signalbox/catsyphon'
 * import { createCatsyphonSimulator } from 'signalbox/testing'
 *
 * const simulator = createCatsyphonSimulator({ generation: 'sequence' })
 * const { id: collectorId, key: apiKey } = simulator.register()
 * await using client = await createCatsyphon({ transport: simulator.transport, collectorId, apiKey, outbox: catsyphonOutbox() })
 * await client.withSession('s-1', (session) => session.start({ agentType: 'under-test' }))
 * console.log(simulator.ledger.sessions.get('s-1')?.status)
 */
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
