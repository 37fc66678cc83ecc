/** The messages between the faults view and its worker. */
import type { BenchPlan } from './plan.js'
import type { BenchReport } from './run.js'

/** Virtual seconds for each real second; 0 is as fast as the machine can. */
export type Speed = 0 | 1 | 10 | 60

/** From the page to the worker. One run for each worker. */
export type ToBench =
  | { readonly type: 'run'; readonly plan: BenchPlan; readonly speed: Speed }
  | { readonly type: 'speed'; readonly speed: Speed }
  | { readonly type: 'stop' }

/** From the worker to the page. */
export type FromBench =
  | { readonly type: 'report'; readonly report: BenchReport }
  | { readonly type: 'failed'; readonly message: string }
