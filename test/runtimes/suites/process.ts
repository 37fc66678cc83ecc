/** For the runtimes that run a file: the portable suites, and those that need sockets and children. */
import { run } from './portable.js'

const reports = await run(process.env.SIGNALBOX_PEERS_URL ?? '', process.env.SIGNALBOX_RUNTIME ?? 'unknown')
console.log(`SIGNALBOX-REPORT ${JSON.stringify(reports)}`)
