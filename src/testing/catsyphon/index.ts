/** A CatSyphon server for tests: three generations, their races and their faults. */
export {
  createCatsyphonSimulator,
  type CatsyphonLedger,
  type CatsyphonSimulator,
  type CatsyphonSimulatorOptions,
  type Generation,
  type SimulatedRequest,
} from './simulator.js'
export type { SimulatedAnswer, SimulatedOutcome } from './answers.js'
export { faults, type Fault, type FaultEffect } from './faults.js'
export { serverEventHash, type CollectorRecord, type SessionRecord, type StoredRow } from './sessions.js'
