/** What every driver of `signalbox/store` must do. Run it over yours: it needs no test runner. */
import type { Case } from './case.js'
import type { StoreContext } from './store-suite-context.js'
import { durableCases } from './store-suite-durable.js'
import { kvCases } from './store-suite-kv.js'
import { leaseCases } from './store-suite-lease.js'
import { logCases } from './store-suite-log.js'

export type { StoreContext } from './store-suite-context.js'

export const storeCases: readonly Case<StoreContext>[] = [...logCases, ...kvCases, ...leaseCases, ...durableCases]
