/** A gateway before the bench's unix server, in a process of its own; tells where it listens. */
import { serveGateway, unixSocket } from '../../../transports/node/index.js'
import type { StreamPolicy } from '../../../src/gateway/index.js'

const [path = ''] = process.argv.slice(2)
/** Judged like any protocol of lines: parsed, classified, written anew. */
const policy: StreamPolicy = { kind: 'stream', framing: 'ndjson', classify: () => ({ name: 'status', needs: 'observe' }) }
const served = await serveGateway({
  upstreams: { bench: { kind: 'stream', system: 'bench', transport: unixSocket({ path }), policy } },
})
process.send?.({ url: served.url, token: served.token })
process.on('disconnect', () => process.exit())
