/** CMDOP for tests: a relay with a platform, and a core in front of it. */
export {
  createCmdopCore,
  type CmdopCoreOptions,
  type CmdopCoreSimulator,
  type CmdopCoreVersion,
  type EnvelopeInit,
  type ReceivedEnvelope,
} from './core.js'
export { createCmdopRelay, type CmdopRelay, type CmdopRelayOptions, type RelayFault, type RelayRequest } from './relay.js'
export { relayExchange } from './exchange.js'
export { sseStream } from './sse-text.js'
export { simulatedId, type CmdopWorld, type CmdopWorldOptions } from './world.js'
