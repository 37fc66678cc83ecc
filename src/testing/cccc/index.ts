/** The simulated CCCC daemon. */
export { createCcccSimulator, type CcccFaults, type CcccSimulator, type CcccSimulatorOptions } from './simulator.js'
