/** The web transports against the peer server of the runner: the contract over WebSockets and MessagePorts, and one exchange. */
import { check, checkEqual, runCases, transportContract, type CaseResult } from '../../../src/testing/index.js'
import { fetchExchange } from '../../../transports/web/index.js'
import { messagePortContext, webSocketContext } from '../../contract/web-contexts.js'
import type { Environment, Suite } from './environment.js'

const exchange = (httpUrl: string) => [
  {
    id: 'web.exchange-as-given',
    title: 'a request arrives unchanged, and its reply is streamed',
    run: async () => {
      const transport = fetchExchange({ baseUrl: httpUrl })
      const reply = await transport.exchange({ method: 'POST', path: '/told', headers: { 'x-own': 'yes' }, body: 'what was said' })
      const told = (await new Response(reply.body).json()) as { body: string; headers: Record<string, string> }
      checkEqual([told.body, told.headers['x-own'], reply.headers['x-mixed-case']], ['what was said', 'yes', 'Yes'])
    },
  },
  {
    id: 'web.exchange-abort-body',
    title: 'the signal covers the body to its last byte',
    run: async () => {
      const controller = new AbortController()
      const reply = await fetchExchange({ baseUrl: httpUrl }).exchange(
        { method: 'GET', path: '/stall' },
        { signal: controller.signal },
      )
      const reader = reply.body?.getReader()
      await reader?.read()
      const pending = reader?.read()
      controller.abort()
      const failure = await pending?.then(
        () => undefined,
        (error: unknown) => error,
      )
      check((failure as { code?: string } | undefined)?.code === 'aborted', `got ${String(failure)}`)
    },
  },
]

const over = (name: string, run: (environment: Environment) => Promise<readonly CaseResult[]>): Suite => ({ name, run })

export const webSuites: readonly Suite[] = [
  over('websocket', ({ ws }) => runCases(transportContract, webSocketContext({ webSocketUrl: ws('') }))),
  over('messageport', () => runCases(transportContract, messagePortContext({ tellsOfDeath: false }))),
  over('fetch', ({ ws }) => runCases(exchange(ws('').replace('ws:', 'http:')), undefined)),
]
