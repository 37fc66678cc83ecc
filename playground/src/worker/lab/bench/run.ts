/**
 * Runs a plan: the client of this library and a plain client, each against a simulator of its own, with the same seed and the same faults. The
 * time is virtual, so the same plan gives the same run, however fast it is shown.
 */
import { createFakeClock, createSeededRandom, withFaults, type Fault, type FakeClock } from 'signalbox/testing'
import { brokenExchange } from './broken-exchange.js'
import type { BenchPlan, BenchSystem } from './plan.js'
import { SENDERS, pause, type Bench, type Side, type SideParts } from './side.js'
import { createTally, type Counts, type Tally } from './tally.js'

/** The time between two messages of a sender. */
const PAUSE_MS = 500
const MAX_LATENCY_MS = 400
const DOWN_MS = 2_000
/** After the faults both clients have this long to finish, over a working link. */
const SETTLE_MS = 240_000
const STEP_MS = 250

export interface SideReport extends Counts {
  readonly repeated: number
  readonly faults: Readonly<Partial<Record<Fault, number>>>
  /** The first lost and doubled messages. */
  readonly examples: { readonly lost: readonly string[]; readonly doubled: readonly string[] }
}

export interface BenchReport {
  readonly state: 'breaking' | 'settling' | 'done' | 'stopped'
  /** Virtual milliseconds since the start. */
  readonly atMs: number
  readonly ours: SideReport
  readonly plain: SideReport
}

export interface RunOptions {
  /** Lets promises settle; see `createFakeClock`. */
  readonly turn?: () => Promise<void>
  /** Called after each step of virtual time. The next step begins when it resolves. */
  readonly onStep?: (report: () => BenchReport) => Promise<void> | void
  readonly signal?: AbortSignal
}

const BENCHES: Readonly<Record<BenchSystem, () => Promise<{ readonly bench: Bench }>>> = {
  ccc: () => import('./systems/ccc.js'),
  cccc: () => import('./systems/cccc.js'),
  hub: () => import('./systems/hub.js'),
  claude: () => import('./systems/claude.js'),
  acp: () => import('./systems/acp.js'),
  cmdop: () => import('./systems/cmdop.js'),
  catsyphon: () => import('./systems/catsyphon.js'),
}

interface Running {
  readonly side: Side
  readonly tally: Tally
  readonly work: Promise<unknown>
  readonly done: () => boolean
  report(): SideReport
}

/** Runs a plan to its end. Rejects if a client fails in a way that is not an error of this library. */
export async function runBench(plan: BenchPlan, { turn, onStep, signal }: RunOptions = {}): Promise<BenchReport> {
  const { bench } = await BENCHES[plan.system]()
  const clock = createFakeClock(turn ? { turn } : {})
  const odds: Partial<Record<Fault, number>> = {}
  for (const [fault, percent] of Object.entries(plan.faults)) odds[fault as Fault] = percent / 100
  const started = new AbortController()
  const ending = new AbortController()
  const parts = { plan, clock, odds, over: () => started.signal.aborted, ending: ending.signal }
  const ours = await start((given) => bench.openOurs(given), parts)
  const plain = await start((given) => bench.openPlain(given), parts)
  let state: BenchReport['state'] = 'breaking'
  const report = (): BenchReport => ({ state, atMs: clock.monotonic(), ours: ours.report(), plain: plain.report() })
  const step = async (): Promise<void> => {
    await clock.advance(STEP_MS)
    await onStep?.(report)
  }
  const endsAt = clock.monotonic() + plan.seconds * 1000
  while (clock.monotonic() < endsAt && !signal?.aborted) await step()
  started.abort()
  for (const fault of Object.keys(odds)) delete odds[fault as Fault]
  state = 'settling'
  const settledAt = clock.monotonic() + SETTLE_MS
  while (!(ours.done() && plain.done()) && clock.monotonic() < settledAt && !signal?.aborted) await step()
  ending.abort()
  // The simulators finish what they have read.
  await clock.advance(30_000)
  state = signal?.aborted ? 'stopped' : 'done'
  const last = report()
  await settled(clock, Promise.all([ours.side.close(), plain.side.close()]))
  return last
}

interface StartParts {
  readonly plan: BenchPlan
  readonly clock: FakeClock
  /** Emptied when the faults end. */
  readonly odds: Partial<Record<Fault, number>>
  /** True when no more messages begin. */
  readonly over: () => boolean
  readonly ending: AbortSignal
}

async function start(open: (parts: SideParts) => Promise<Side>, parts: StartParts): Promise<Running> {
  const { plan, clock, odds, over, ending } = parts
  const faults: Partial<Record<Fault, number>> = {}
  const killed = new Set<(downMs: number) => void>()
  const tally = createTally()
  let repeated = 0
  const onFault = (fault: Fault): void => {
    faults[fault] = (faults[fault] ?? 0) + 1
    if (fault === 'kill') for (const listener of killed) listener(DOWN_MS)
  }
  const common = { seed: plan.seed, clock, maxLatencyMs: MAX_LATENCY_MS, downMs: DOWN_MS, onFault }
  // No transport sends our bytes twice, but a peer may send a message twice.
  const outgoing = new Proxy(odds, { get: (all, fault: Fault) => (fault === 'duplicate' ? 0 : all[fault]) })
  const side = await settled(
    clock,
    open({
      clock,
      random: createSeededRandom(plan.seed),
      broken: (transport) =>
        withFaults(withFaults(transport, { ...common, odds, direction: 'in' }), {
          ...common,
          seed: plan.seed + 1,
          odds: outgoing,
          direction: 'out',
        }),
      brokenExchange: (transport) => brokenExchange(transport, { ...common, odds }),
      onKill: (listener) => void killed.add(listener),
      ending,
      repeated() {
        repeated += 1
      },
    }),
  )
  let finished = false
  const sender = async (number: number): Promise<void> => {
    await pause(clock, (PAUSE_MS * number) / SENDERS)
    for (let count = 0; !over(); count += 1) {
      const id = `m${number}-${count}`
      tally.sent(id)
      tally.said(id, await side.deliver(id, number))
      await pause(clock, PAUSE_MS)
    }
  }
  const work = Promise.all(Array.from({ length: SENDERS }, (_, number) => sender(number))).then(() => {
    finished = true
  })
  // A failure that is not an error of this library ends the run.
  let failure: { readonly error: unknown } | undefined
  work.catch((error: unknown) => {
    failure = { error }
  })
  return {
    side,
    tally,
    work,
    done: () => finished,
    report() {
      if (failure) throw failure.error
      for (const id of side.received()) tally.received(id)
      return { ...tally.counts(), repeated, faults: { ...faults }, examples: tally.examples(5) }
    },
  }
}

/** Lets virtual time pass until a promise settles. */
async function settled<Result>(clock: FakeClock, promise: Promise<Result>): Promise<Result> {
  let open = true
  const watched = promise.finally(() => {
    open = false
  })
  watched.catch(() => {})
  for (let steps = 0; open && steps < 10_000; steps += 1) await clock.advance(10)
  return await watched
}
