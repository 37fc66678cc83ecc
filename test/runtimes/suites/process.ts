/** For the runtimes that run a file: the portable suites, and those that need sockets and children. */
import { fileURLToPath } from 'node:url'
import type { Entry } from '../../contract/contexts.js'
import { played } from '../../contract/programs.js'
import { contractSuites, selfProgram } from '../../contract/runtime.js'
import { fileStoreSuite } from './catsyphon-files.js'
import { cccLocalSuites } from './ccc-local.js'
import { gatewayServeSuite } from './gateway-serve.js'
import { run } from './portable.js'
import { sessionStoreSuites } from './session-stores.js'

// The entry of the runtime that runs this: a name put together, so that no bundler settles it before.
const bound = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node'
const entry = (await import(`signalbox/${bound}`)) as Entry
// The suites start this very file again as their children.
if (await played(entry, process.argv.slice(2))) process.exit(0)

// Node 20 has none of its own; the package brings the one of `ws`.
if (!('WebSocket' in globalThis)) {
  const { nodeWebSocket } = await import('../../../transports/node/index.js')
  Object.assign(globalThis, { WebSocket: await nodeWebSocket() })
}

const reports = await run(process.env.SIGNALBOX_PEERS_URL ?? '', process.env.SIGNALBOX_RUNTIME ?? 'unknown', [
  ...contractSuites(entry, selfProgram(fileURLToPath(import.meta.url))),
  fileStoreSuite,
  ...cccLocalSuites,
  gatewayServeSuite,
  ...(await sessionStoreSuites(process.env.SIGNALBOX_RUNTIME ?? 'unknown')),
])
console.log(`SIGNALBOX-REPORT ${JSON.stringify(reports)}`)
// The simulators of some suites beat on; what a link or a child must leave behind is counted inside the contract suites.
process.exit(0)
