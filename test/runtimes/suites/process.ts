/** For the runtimes that run a file: the portable suites, and those that need sockets and children. */
import { run } from './portable.js'

// Node 20 has none of its own; the package brings the one of `ws`.
if (!('WebSocket' in globalThis)) {
  const { nodeWebSocket } = await import('../../../transports/node/index.js')
  Object.assign(globalThis, { WebSocket: await nodeWebSocket() })
}

const reports = await run(process.env.SIGNALBOX_PEERS_URL ?? '', process.env.SIGNALBOX_RUNTIME ?? 'unknown')
console.log(`SIGNALBOX-REPORT ${JSON.stringify(reports)}`)
