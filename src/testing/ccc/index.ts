/** A simulated CCC server. */
export { createCccSimulator, type CccFaults, type CccSimulator } from './simulator.js'
export type {
  CccGeneration,
  CccSimulatorOptions,
  LedgerEntry as CccLedgerEntry,
  SimulatedHost,
  SimulatedQuestion,
  SimulatedSession,
} from './world.js'
export type { Entry as CccHistoryEntry } from './history.js'
