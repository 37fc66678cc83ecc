/** A gateway in a process of its own, on any runtime, whose upstream answers at once. Tells its memory when it is asked on stdin. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { messages } from '../../src/core/messages.js'
import type { StreamUpstream } from '../../src/gateway/index.js'
import { cccPolicy, hubPolicy } from '../../src/gateway/policy/index.js'
import { createHub } from '../../src/hub/index.js'
import { hubServer } from '../../src/hub/wire/serve.js'
import { createScriptedSystem, memoryServer } from '../../src/testing/index.js'
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

// A hub with a journal of some thousand events, in the process of the gateway like that of `signalbox up`.
const hub = await createHub({ sources: [createScriptedSystem().source()] })
const [agent] = await hub.agents()
for (let count = 0; count < 500; count += 1) await hub.prompt(agent?.id ?? '', `prompt ${count} ${'x'.repeat(200)}`).end()
const hubMemory = memoryServer()
const serve = hubServer(hub)
void (async () => {
  for await (const link of hubMemory.accept()) void serve(link)
})()
const hubUpstream: StreamUpstream = { kind: 'stream', system: 'hub', transport: hubMemory.transport, policy: hubPolicy }

const served = await serveGateway({ upstreams: { ccc, hub: hubUpstream } })
const { token } = await served.gateway.credentials.issueToken({ scopes: ['observe'] })
const say = (value: object): void => console.log(JSON.stringify(value))
say({ port: served.port, owner: served.token, observer: token })

/** How long this thread has waited for a processor so far. */
function starvedMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}
const TICK_MS = 5
let longestTurnMs = 0
let tickedAt = performance.now()
let starvedAt = starvedMs()
setInterval(() => {
  const now = performance.now()
  const starved = starvedMs()
  longestTurnMs = Math.max(longestTurnMs, now - tickedAt - TICK_MS - (starved - starvedAt))
  tickedAt = now
  starvedAt = starved
}, TICK_MS)

const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void }
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'memory') {
    const turn = longestTurnMs
    if (Bun) Bun.gc(true)
    else gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    say({ kept: heapUsed + external, rss, reached, cpuMs: (user + system) / 1_000, longestTurnMs: turn })
    // The collection above is no turn of the gateway.
    longestTurnMs = 0
    tickedAt = performance.now()
    starvedAt = starvedMs()
  } else if (line === 'ticket') say({ url: await served.ticketUrl() })
}
await served.close()
process.exit(0)
