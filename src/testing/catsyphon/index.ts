/** A CatSyphon server for tests, in three generations, with their races and faults. */
export {
  createCatsyphonSimulator,
  type CatsyphonLedger,
  type CatsyphonSimulator,
  type CatsyphonSimulatorOptions,
} from './simulator.js'
export type { Generation as CatsyphonGeneration, SimulatedRequest as CatsyphonRequest } from './types.js'
export type { SimulatedAnswer as CatsyphonAnswer, SimulatedOutcome as CatsyphonOutcome } from './answers.js'
export { faults as catsyphonFaults, type Fault as CatsyphonFault, type FaultEffect as CatsyphonFaultEffect } from './faults.js'
export { serverEventHash, type CollectorRecord, type SessionRecord, type StoredRow } from './sessions.js'
