/** The rules for every driver of `signalbox/store`, as cases. */
import type { Case } from '../case.js'
import type { StoreContext } from './context.js'
import { durableCases } from './durable.js'
import { kvCases } from './kv.js'
import { leaseCases } from './lease.js'
import { logCases } from './log.js'

export type { StoreContext } from './context.js'

/** The rules of every store, as cases. Run them over a driver of your own with `runCases` or in a test runner. */
export const storeCases: readonly Case<StoreContext>[] = [...logCases, ...kvCases, ...leaseCases, ...durableCases]
