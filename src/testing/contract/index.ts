/**
 * The transport contract: the laws of a link as cases, for every transport on every runtime, also for transports of other packages.
 * The id of a case names its law. The cases of law 9 need child processes and are in the tests.
 */
import { closing } from './closing.js'
import type { ContractCase } from './harness.js'
import { opening } from './opening.js'
import { reading } from './reading.js'
import { writing } from './writing.js'

export type { ContractContext, ContractPair } from './context.js'
export type { ContractCase } from './harness.js'

/** The laws of every transport, as cases. Run them over a transport of your own with `runCases` or in a test runner. */
export const transportContract: readonly ContractCase[] = [...opening, ...reading, ...writing, ...closing]
