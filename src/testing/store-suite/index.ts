/** What every driver of `signalbox/store` must do. It needs no test runner. */
import type { Case } from '../case.js'
import type { StoreContext } from './context.js'
import { durableCases } from './durable.js'
import { kvCases } from './kv.js'
import { leaseCases } from './lease.js'
import { logCases } from './log.js'

export type { StoreContext } from './context.js'

/** The cases of the suite, for `runCases` or for one test each. */
export const storeCases: readonly Case<StoreContext>[] = [...logCases, ...kvCases, ...leaseCases, ...durableCases]
