/** The run of the faults view: its worker, its last report and the curve of its errors. */
import { signal, type ReadonlySignal } from '@preact/signals'
import type { BenchPlan } from '../../worker/lab/bench/plan.js'
import type { BenchReport } from '../../worker/lab/bench/run.js'
import type { FromBench, Speed, ToBench } from '../../worker/lab/bench/messages.js'

/** The errors of both clients at one moment. */
export interface Point {
  readonly atMs: number
  readonly ours: number
  readonly plain: number
}

export type BenchState =
  | { readonly status: 'ready' }
  | { readonly status: 'running'; readonly plan: BenchPlan; readonly report?: BenchReport }
  | { readonly status: 'over'; readonly plan: BenchPlan; readonly report: BenchReport }
  | { readonly status: 'failed'; readonly plan: BenchPlan; readonly message: string }

export interface BenchRun {
  readonly state: ReadonlySignal<BenchState>
  readonly curve: ReadonlySignal<readonly Point[]>
  readonly speed: ReadonlySignal<Speed>
  start(plan: BenchPlan): void
  stop(): void
  setSpeed(speed: Speed): void
  /** Ends the worker. */
  close(): void
}

const MOST_POINTS = 600

/** A run in a worker of its own, so that neither the page nor the demo waits for it. */
export function createBenchRun(): BenchRun {
  const state = signal<BenchState>({ status: 'ready' })
  const curve = signal<readonly Point[]>([])
  const speed = signal<Speed>(60)
  let worker: Worker | undefined
  const tell = (message: ToBench): void => worker?.postMessage(message)
  const close = (): void => {
    worker?.terminate()
    worker = undefined
  }
  const take = (plan: BenchPlan, message: FromBench): void => {
    if (message.type === 'failed') {
      state.value = { status: 'failed', plan, message: message.message }
      return close()
    }
    const { report } = message
    const { atMs, ours, plain } = report
    const point = { atMs, ours: ours.lost + ours.doubled, plain: plain.lost + plain.doubled }
    curve.value = [...thinned(curve.value), point]
    const over = report.state === 'done' || report.state === 'stopped'
    state.value = over ? { status: 'over', plan, report } : { status: 'running', plan, report }
    if (over) close()
  }
  return {
    state,
    curve,
    speed,
    start(plan) {
      close()
      curve.value = []
      state.value = { status: 'running', plan }
      const own = new Worker(new URL('../../worker/lab/bench/main.ts', import.meta.url), {
        type: 'module',
        name: 'signalbox-bench',
      })
      worker = own
      own.addEventListener('message', ({ data }: MessageEvent<FromBench>) => {
        if (worker === own) take(plan, data)
      })
      own.addEventListener('error', (event) =>
        take(plan, { type: 'failed', message: event.message || 'The worker did not start.' }),
      )
      tell({ type: 'run', plan, speed: speed.value })
    },
    stop: () => tell({ type: 'stop' }),
    setSpeed(next) {
      speed.value = next
      tell({ type: 'speed', speed: next })
    },
    close,
  }
}

/** Every second point of a curve that has grown too long. */
const thinned = (points: readonly Point[]): readonly Point[] =>
  points.length < MOST_POINTS ? points : points.filter((_, index) => index % 2 === 0)
