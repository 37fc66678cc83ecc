/** The conformance suites through a gateway, from Node; the runtimes run the same. */
import { expect, test } from 'vitest'
import { nodeWebSocket } from '../../transports/node/index.js'
import { startPeerServer } from '../peers/web/server.js'
import { throughGateway } from './lend/suite.js'

test('[gateway.conformance] through a gateway, each of the five clients passes its conformance suite', {
  timeout: 180_000,
}, async () => {
  await using peers = await startPeerServer()
  const results = await throughGateway(peers.webSocketUrl, await nodeWebSocket())
  const failures = results
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ id, title, detail }) => `[${id}] ${title}: ${detail}`)
  expect(failures).toEqual([])
  expect(results.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(100)
})
