/**
 * Bun. Unix sockets are its own where that is faster; for the rest its `node:net` and `node:child_process` pass the transport contract,
 * so the source is Node's.
 */
export * from '../node/index.js'
export * from '../web/index.js'
export { unixSocket } from './socket.js'
