/** The conformance suite in a page: a core in memory, and REST. */
import { describe } from 'vitest'
import { cmdopRest } from '../../src/cmdop/rest.js'
import { createCmdopCoreSimulator, createCmdopRelaySimulator, relayExchange } from '../../src/testing/index.js'
import { cmdopCases } from '../conformance/cmdop.js'
import { registerCases } from '../register-cases.js'

describe('core in memory', () =>
  registerCases(cmdopCases, (run) =>
    run({
      plane: 'core',
      async serve(world = {}) {
        const core = createCmdopCoreSimulator({ relay: createCmdopRelaySimulator(world), token: 't-right', apiKey: 'k-right' })
        return { relay: core.relay, options: { transport: core.transport } }
      },
    }),
  ))

describe('REST', () =>
  registerCases(cmdopCases, (run) =>
    run({
      plane: 'rest',
      async serve(world = {}) {
        const relay = createCmdopRelaySimulator(world)
        return { relay, options: { transport: cmdopRest(relayExchange(relay)), token: 't-right', apiKey: 'k-right' } }
      },
    }),
  ))
