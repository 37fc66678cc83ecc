/** The Agent Client Protocol: agents that speak it as sources of the hub, and agents of the hub for editors that speak it. */
export { acpSource } from './source/source.js'
export type { AcpFiles, AcpSourceOptions } from './source/options.js'
export { serveAcp, type ServeAcpOptions, type ServedEditor } from './serve/serve.js'
export type { RpcLimits } from './rpc/connection.js'
