/**
 * Deno. Unix sockets are its own where that is faster; for the rest its `node:net` and `node:child_process` pass the transport contract,
 * so the source is Node's. Permissions: `--allow-net`, and for a unix socket `--allow-read` and `--allow-write` of its path as well;
 * `--allow-run` and `--allow-env` for children.
 */
export * from '../node/index.js'
export * from '../web/index.js'
export { unixSocket } from './socket.js'
