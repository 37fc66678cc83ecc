/** One link, direct and through the gateway: round trips, and streamed bytes with their parse. */
import { encodeNdjson, ndjsonDecoder } from '../../../src/core/codec/ndjson.js'
import { batches, createReader } from '../../../src/core/messages.js'
import type { StreamTransport } from '../../../src/transport.js'
import { nodeWebSocket } from '../../../transports/node/link/web-socket.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { gateway } from '../../../transports/web/gateway.js'
import { repeated, timed, type Given, type Measured, type Sample } from '../measure.js'

const through = ({ told: { url = '', token = '' } }: Given): StreamTransport<void> =>
  gateway(url, { token, webSocket: nodeWebSocket() }).stream<void>('bench')

async function roundTrips(transport: StreamTransport<void>, count: number): Promise<Sample> {
  await using link = await transport.open()
  const reader = createReader<{ id: number }>(link, ndjsonDecoder<{ id: number }>())
  return await repeated(count, async (id) => {
    void link.write(encodeNdjson({ id, op: 'status', args: { group: 'g-1', note: 'x'.repeat(80) } })).catch(() => {})
    return (await reader.next())?.id === id
  })
}

async function streamed(transport: StreamTransport<void>): Promise<Sample> {
  await using link = await transport.open()
  return await timed(async () => {
    let count = 0
    for await (const batch of batches(link, ndjsonDecoder())) count += batch.length
    return count
  })
}

export const gatewaySamples = {
  directRoundTrips: ({ path, count }) => roundTrips(unixSocket({ path }), count),
  gatewayRoundTrips: (given) => roundTrips(through(given), given.count),
  directStream: ({ path }) => streamed(unixSocket({ path })),
  gatewayStream: (given) => streamed(through(given)),
} satisfies Record<string, Measured>
