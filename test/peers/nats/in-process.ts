/** For the runtimes that run a file: over TCP, and over WebSocket where the runtime has it. */
import { connect } from '@nats-io/transport-node'
import { run } from './in-runtime.js'

const { SIGNALBOX_PEERS_URL = '', SIGNALBOX_RUNTIME = 'unknown' } = process.env
console.log(`SIGNALBOX-REPORT ${JSON.stringify(await run(SIGNALBOX_PEERS_URL, SIGNALBOX_RUNTIME, connect))}`)
