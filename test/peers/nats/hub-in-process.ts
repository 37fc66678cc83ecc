/** For the runtimes that run a file. */
import { connect } from '@nats-io/transport-node'
import { run } from './hub-in-runtime.js'

const { SIGNALBOX_PEERS_URL = '', SIGNALBOX_RUNTIME = 'unknown' } = process.env
console.log(`SIGNALBOX-REPORT ${JSON.stringify(await run(SIGNALBOX_PEERS_URL, SIGNALBOX_RUNTIME, connect))}`)
// Bun keeps the process for some time after the last hub was closed.
process.exit(0)
