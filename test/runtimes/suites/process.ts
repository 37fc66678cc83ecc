/** For the runtimes that run a file: the portable suites, and those that need sockets and children. */
import { fileURLToPath } from 'node:url'
import type { Entry } from '../../contract/contexts.js'
import { played } from '../../contract/programs.js'
import { contractSuites, selfProgram } from '../../contract/runtime.js'
import { fileStoreSuite } from './catsyphon-files.js'
import { cccLocalSuites } from './ccc-local.js'
import { claudeChildSuite } from './claude-child.js'
import { cmdopChildSuite } from './cmdop-child.js'
import { gatewayServeSuite } from './gateway-serve.js'
import { mustLeave, watchSuite } from './left-behind.js'
import { packedSuite } from './packed.js'
import { run } from './portable.js'
import { sessionStoreSuites } from './session-stores.js'

// The entrypoint of the present runtime. The name is composed, so that a bundler cannot resolve it.
const bound = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node'
const entry = (await import(`signalbox/${bound}`)) as Entry
// The suites start this file again as a child process.
if (await played(entry, process.argv.slice(2))) process.exit(0)

// Node 20 has none of its own; the package brings the one of `ws`.
if (!('WebSocket' in globalThis)) {
  const { nodeWebSocket } = await import('../../../transports/node/index.js')
  Object.assign(globalThis, { WebSocket: await nodeWebSocket() })
}

const more = [
  packedSuite,
  ...contractSuites(entry, selfProgram(fileURLToPath(import.meta.url))),
  fileStoreSuite,
  ...cccLocalSuites,
  claudeChildSuite,
  cmdopChildSuite,
  gatewayServeSuite,
  ...(await sessionStoreSuites(process.env.SIGNALBOX_RUNTIME ?? 'unknown')),
]
const { SIGNALBOX_PEERS_URL = '', SIGNALBOX_RUNTIME = 'unknown' } = process.env
const reports = await run(SIGNALBOX_PEERS_URL, SIGNALBOX_RUNTIME, more, watchSuite)
console.log(`SIGNALBOX-REPORT ${JSON.stringify(reports)}`)
mustLeave()
