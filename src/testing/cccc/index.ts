/** The simulated CCCC daemon. */
export { createCcccSimulator, type CcccFaults, type CcccSimulator, type CcccSimulatorOptions } from './simulator.js'
export { createCcccWebPortSimulator, type CcccWebPortSimulator, type CcccWebPortSimulatorOptions } from './web-port.js'
export type { CcccWebToken } from './web-access.js'
