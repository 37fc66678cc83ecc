/** The CMDOP client against a core of each version, against one that writes byte by byte, and over REST. */
import { cmdopRest } from '../../../src/cmdop/rest.js'
import {
  createCmdopCoreSimulator,
  createCmdopRelaySimulator,
  relayExchange,
  runCases,
  type CaseResult,
  type CmdopCoreSimulatorOptions,
} from '../../../src/testing/index.js'
import { cmdopCases } from '../../conformance/cmdop.js'
import type { Suite } from './environment.js'

const CREDENTIALS = { token: 't-right', apiKey: 'k-right' }

async function overCore(options: CmdopCoreSimulatorOptions): Promise<CaseResult[]> {
  const cores: AsyncDisposable[] = []
  try {
    return await runCases(cmdopCases, {
      plane: 'core',
      ...(options.version === '1.0.2' ? { pinErrors: false } : {}),
      async serve(world = {}) {
        const core = createCmdopCoreSimulator({ ...options, relay: createCmdopRelaySimulator(world), ...CREDENTIALS })
        cores.push(core)
        return { relay: core.relay, options: { transport: core.transport } }
      },
    })
  } finally {
    for (const core of cores) await core[Symbol.asyncDispose]()
  }
}

const overRest = (): Promise<CaseResult[]> =>
  runCases(cmdopCases, {
    plane: 'rest',
    async serve(world = {}) {
      const relay = createCmdopRelaySimulator(world)
      return { relay, options: { transport: cmdopRest(relayExchange(relay)), ...CREDENTIALS } }
    },
  })

export const cmdopSuite: Suite = {
  name: 'cmdop',
  async run() {
    const ways: Readonly<Record<string, () => Promise<CaseResult[]>>> = {
      'core 1.1.0': () => overCore({}),
      'core 1.0.2': () => overCore({ version: '1.0.2' }),
      'byte by byte': () => overCore({ splitWrites: true }),
      REST: overRest,
    }
    const results: CaseResult[] = []
    for (const [name, way] of Object.entries(ways)) {
      results.push(...(await way()).map((result) => ({ ...result, title: `${result.title} (${name})` })))
    }
    return results
  },
}
