/** A simulated agent of the Agent Client Protocol. */
export {
  createAcpAgentSimulator,
  type AcpAgentSimulator,
  type AcpAgentSimulatorOptions,
  type SimulatedAcpScript,
  type SimulatedAcpTurn,
} from './agent.js'
