/** `serveGateway` where this runtime can listen: calls, links, and what a Request would hide, by bytes written by hand. */
import { connect } from 'node:net'
import { createCcc } from '../../../src/ccc/index.js'
import { cccPolicy } from '../../../src/gateway/policy/index.js'
import { checkEqual, createCccSimulator, runCases, type Case } from '../../../src/testing/index.js'
import { serveGateway, type ServedGateway } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'
import type { Suite } from './environment.js'

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () =>
      resolve(`${/^HTTP\/1\.\d (\d+)/.exec(got)?.[1] ?? 'closed'} ${/"code":"(\w+)"/.exec(got)?.[1] ?? ''}`.trim()),
    )
    socket.write(text)
  })
}

const cases: readonly Case<ServedGateway>[] = [
  {
    id: 'gateway.serve.calls',
    title: 'a call and a link reach an upstream',
    async run(served) {
      const client = gateway(served.url, { token: served.token })
      for (const via of ['call', 'link'] as const) {
        checkEqual(
          (await createCcc({ transport: client.ccc('ccc', via) }).sessions()).map(({ name }) => name),
          ['one'],
        )
      }
    },
  },
  {
    id: 'gateway.serve.wire',
    title: 'two Hosts, no Host, another Host, absolute targets, HTTP/1.0, foreign origins and slow heads are refused here too',
    async run(served) {
      const { host } = new URL(served.url)
      const auth = `Authorization: Bearer ${served.token}\r\nConnection: close\r\n\r\n`
      const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: signalbox.v1\r\n\r\n`
      const expected: Readonly<Record<string, string>> = {
        [`GET /v1 HTTP/1.1\r\nHost: ${host}\r\n${auth}`]: '200',
        [`GET /v1 HTTP/1.1\r\nHost: evil.example\r\n${auth}`]: '421 host_not_allowed',
        [`GET /v1 HTTP/1.1\r\n${auth}`]: '400 host_ambiguous',
        [`GET /v1 HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n${auth}`]: '400 host_ambiguous',
        [`GET /v1 HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\n${auth}`]: '400 host_ambiguous',
        [`GET http://${host}/v1 HTTP/1.1\r\nHost: ${host}\r\n${auth}`]: '400 target_form',
        [`GET http://evil.example/v1 HTTP/1.1\r\nHost: ${host}\r\n${auth}`]: '400 target_form',
        [`GET /v1 HTTP/1.0\r\nHost: ${host}\r\n${auth}`]: '400 http_version',
        [`GET /v1/ccc/link HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://evil.example\r\n${upgrade}`]: '403 origin_not_allowed',
      }
      for (const [text, answer] of Object.entries(expected)) checkEqual(await raw(served.port, text), answer, text)
      const slow = await raw(served.port, `GET /v1 HTTP/1.1\r\nHost: ${host}\r\n`)
      checkEqual(slow === '408' || slow === 'closed', true, slow)
    },
  },
]

export const gatewayServeSuite: Suite = {
  name: 'gateway serve',
  async run() {
    const simulator = createCccSimulator({ sessions: [{ name: 'one', running: true }] })
    const upstreams = { ccc: { kind: 'stream', system: 'ccc', transport: simulator.transport, policy: cccPolicy } } as const
    const served = await serveGateway({ upstreams, limits: { headersTimeoutMs: 500 } })
    try {
      return await runCases(cases, served)
    } finally {
      await served.close()
      await simulator.stop()
    }
  },
}
