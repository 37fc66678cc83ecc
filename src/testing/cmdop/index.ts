/** CMDOP for tests: a relay with a platform, and a core in front of it. */
export {
  createCmdopCoreSimulator,
  type CmdopCoreSimulatorOptions,
  type CmdopCoreSimulator,
  type CmdopCoreVersion,
  type EnvelopeInit,
  type ReceivedEnvelope,
} from './core.js'
export type { EnvelopeV2Init } from './core-v2.js'
export {
  createCmdopRelaySimulator,
  type CmdopRelaySimulator,
  type CmdopRelaySimulatorOptions,
  type RelayFault,
  type RelayRequest,
} from './relay.js'
export { relayExchange } from './exchange.js'
export { sseStream } from './sse-text.js'
export { simulatedId, type CmdopWorld, type CmdopWorldOptions } from './world.js'
