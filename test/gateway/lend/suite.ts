/** The conformance suites of the clients, each call through a gateway. Runs wherever there is a WebSocket. */
import { createClaude, type ClaudeLaunch } from '../../../src/claude/index.js'
import { cmdopRest } from '../../../src/cmdop/rest.js'
import { ccccPolicy } from '../../../src/gateway/policy/index.js'
import type { ExchangeTransport } from '../../../src/index.js'
import {
  check,
  checkEqual,
  checkRejects,
  createCccSimulator,
  createCcccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
  createCmdopRelaySimulator,
  relayExchange,
  runCases,
  type Case,
  type CaseResult,
} from '../../../src/testing/index.js'
import type { WebSocketConstructor } from '../../../transports/web/index.js'
import { cases as catsyphonCases } from '../../conformance/catsyphon.js'
import { cases as claudeCases } from '../../conformance/claude.js'
import { cccCases, cccScenarios } from '../../conformance/ccc.js'
import { cases as ccccCases } from '../../conformance/cccc.js'
import type { CcccContext } from '../../conformance/cccc/context.js'
import { cmdopCases } from '../../conformance/cmdop.js'
import { lendTo, type Lender } from './lender.js'

/** The cases that a gateway refuses, by id, and the reason. */
const NOT_THROUGH: Readonly<Record<string, string>> = {
  'cmdop.keys': 'issuing a key answers with a credential, so it is the server\u2019s alone',
  'catsyphon.disabled-midway': 'the credentials are the gateway\u2019s, so a client cannot bring new ones',
  'catsyphon.missing-header': 'the credentials are the gateway\u2019s, so those of the client do not matter',
  'catsyphon.other-collector': 'the identity is the gateway\u2019s, whoever asks',
}

const allowed = <Context>(cases: readonly Case<Context>[]): Case<Context>[] =>
  cases.map((each) => {
    const why = NOT_THROUGH[each.id]
    return why === undefined ? each : { ...each, skip: () => why }
  })

export async function throughGateway(peersUrl: string, webSocket?: WebSocketConstructor): Promise<CaseResult[]> {
  await using lender = await lendTo(peersUrl, webSocket)
  const { client } = lender
  return [
    ...(await runCases(allowed(claudeCases), {
      transport: async () => {
        lender.serve('claude', createClaudeSimulator().transport)
        return client.claude<ClaudeLaunch>()
      },
      writablePath: '/tmp/through-the-gateway',
      // An open through the gateway takes about as long as a start of the CLI.
      startMs: 4_000,
    })),
    ...(await runCases(ownCases, lender)),
    ...(await runCases(allowed(cccCases), {
      serve: async (scenario) => {
        lender.serve('ccc', createCccSimulator(cccScenarios[scenario]).transport)
        return client.ccc()
      },
    })),
    ...(await cccc(lender)),
    ...(await runCases(allowed(cmdopCases), {
      plane: 'core',
      serve: async (options) => {
        const core = createCmdopCoreSimulator(options ? { relay: options } : {})
        lender.serve('cmdop', core.transport)
        return { relay: core.relay, options: { transport: client.cmdop() } }
      },
    })),
    ...(await cmdopByRest(lender)),
    ...(await runCases(allowed(catsyphonCases), {
      generation: 'current',
      reach(simulator, { collectorId, apiKey }) {
        const own = { authorization: `Bearer ${apiKey}`, 'x-collector-id': collectorId }
        lender.serve('catsyphon', withHeaders(simulator.transport, own))
        return client.catsyphon()
      },
    })),
  ]
}

/** The two planes as two upstreams, each with its credential on the side of the gateway. */
async function cmdopByRest(lender: Lender): Promise<CaseResult[]> {
  const results = await runCases(allowed(cmdopCases), {
    plane: 'rest',
    async serve({ token = 't-gateway', apiKey = 'k-gateway', ...world } = {}) {
      const relay = createCmdopRelaySimulator({ ...world, token, apiKey })
      const transport = relayExchange(relay)
      const serve = (name: string, own: Readonly<Record<string, string>>): ExchangeTransport => {
        lender.serve(name, withHeaders(transport, own))
        return lender.client.exchange(name)
      }
      const planes = {
        relay: serve('cmdop-relay', { authorization: `Bearer ${token}` }),
        platform: serve('cmdop-platform', { 'x-api-key': apiKey }),
      }
      // Credentials of the page are not forwarded, because the relay would refuse them.
      return { relay, options: { transport: cmdopRest(planes), token: 't-page', apiKey: 'k-page' } }
    },
  })
  return results.map((result) => ({ ...result, title: `${result.title} (REST)` }))
}

const withHeaders = (transport: ExchangeTransport, own: Readonly<Record<string, string>>): ExchangeTransport => ({
  ...transport,
  exchange: (request, options) => transport.exchange({ ...request, headers: { ...request.headers, ...own } }, options),
})

async function cccc(lender: Lender): Promise<CaseResult[]> {
  const simulator = createCcccSimulator({ dialect: 'B' })
  lender.serve('cccc', simulator.transport)
  const context: Omit<CcccContext, 'transport'> = {
    dialect: 'B',
    implementation: 'simulator',
    projectPath: '/home/dev/project',
    serverOnly: (op) => [ccccPolicy.classify({ op })].flat().some(({ needs }) => needs === 'server-only'),
  }
  const results: CaseResult[] = []
  // One request on a connection is a POST; an op that takes over its connection needs a link.
  for (const via of ['auto', 'link'] as const) {
    const found = await runCases(allowed(ccccCases), { ...context, transport: lender.client.cccc('cccc', via) })
    results.push(...found.map((result) => ({ ...result, title: `${result.title} (${via})` })))
  }
  return results
}

/** The transports through the gateway, which the clients do not notice. */
const ownCases: readonly Case<Lender>[] = [
  {
    id: 'gateway.conformance.claude-turn',
    title: 'a prompt is answered, a tool is asked about and allowed, and the child behind the gateway ends',
    async run(lender) {
      const simulator = createClaudeSimulator()
      lender.serve('claude', simulator.transport)
      await using claude = createClaude({ transport: lender.client.claude() })
      const asked: string[] = []
      const turn = claude.query('FAKE:bash:touch through the gateway', {
        canUseTool(tool) {
          asked.push(tool)
          return { behavior: 'allow' }
        },
      })
      check((await turn.text()).length > 0, 'an answer')
      checkEqual(asked, ['Bash'])
    },
  },
  {
    id: 'gateway.conformance.claude-refusal',
    title: 'a forbidden launch field is refused by name, and no process starts',
    async run(lender) {
      const simulator = createClaudeSimulator()
      lender.serve('claude', simulator.transport)
      await using claude = createClaude({ transport: lender.client.claude(), retry: false })
      const error = await checkRejects(claude.query('hello', { cwd: '/etc' }).text(), 'permission_denied')
      check(error.message.includes('cwd'), error.message)
      checkEqual(simulator.runs.length, 0)
    },
  },
]
