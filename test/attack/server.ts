/** A gateway in a process of its own, on any runtime, whose upstream answers at once. Tells its memory when it is asked on stdin. */
import { createInterface } from 'node:readline'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { messages } from '../../src/core/messages.js'
import type { StreamUpstream } from '../../src/gateway/index.js'
import { cccPolicy } from '../../src/gateway/policy/index.js'
import { memoryServer } from '../../src/testing/index.js'
import { serveGateway } from '../../transports/node/gateway/serve.js'

const server = memoryServer()
let reached = 0
void (async () => {
  for await (const link of server.accept()) {
    void (async () => {
      for await (const request of messages<{ cmd?: string }>(link, ndjsonDecoder())) {
        if (request.cmd !== 'ping') reached += 1
        // A stream without an end, for readers that do not read.
        // As fast as an upstream in another process can be.
        while (request.cmd === 'subscribe') {
          await link.write(new Uint8Array(64 * 1024).fill(0x20))
          await new Promise((resolve) => setImmediate(resolve))
        }
        await link.write(encodeNdjson({ ok: true, version: 'here' }))
        await link.end()
      }
      await link.close()
    })().catch(() => link.close())
  }
})()
const ccc: StreamUpstream = { kind: 'stream', system: 'ccc', transport: server.transport, policy: cccPolicy }
const served = await serveGateway({ upstreams: { ccc } })
const { token } = await served.gateway.credentials.issueToken({ scopes: ['observe'] })
const say = (value: object): void => console.log(JSON.stringify(value))
say({ port: served.port, owner: served.token, observer: token })

const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void }
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'memory') {
    if (Bun) Bun.gc(true)
    else gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    say({ kept: heapUsed + external, rss, reached, cpuMs: (user + system) / 1_000 })
  } else if (line === 'ticket') say({ url: await served.ticketUrl() })
}
await served.close()
process.exit(0)
