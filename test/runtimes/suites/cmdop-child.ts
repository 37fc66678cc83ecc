/** The CMDOP client over real children, where there are any: the fake core of the package, started, spoken to and ended by this runtime. */
import { fileURLToPath } from 'node:url'
import { createCmdop, type Cmdop } from '../../../src/cmdop/index.js'
import { check, checkEqual, checkRejects, runCases, simulatedId, type Case } from '../../../src/testing/index.js'
import { cmdopCore } from '../../../transports/node/index.js'
import type { Suite } from './environment.js'

const M1 = simulatedId(1, 1)

const cases: readonly Case<Cmdop>[] = [
  {
    id: 'cmdop.core.once',
    title: 'a child answers calls and asks, questions among them',
    async run(client) {
      const [{ items }, fleets] = await Promise.all([client.machines.list(), client.fleets.list()])
      checkEqual([items.length, fleets.items.length], [3, 2])
      checkEqual(await client.machines.ask(M1, '[[pin 1]][[say in]]').collect({ onPin: () => '1' }), 'in')
    },
  },
  {
    id: 'cmdop.close.stubborn',
    title: 'a child with an open ask ends with its client',
    async run(client) {
      const stream = client.machines.ask(M1, '[[say a]][[hang]]')
      const frames = stream[Symbol.asyncIterator]()
      checkEqual((await frames.next()).value?.type, 'event')
      await client.close()
      const error = await checkRejects(frames.next(), 'closed')
      check(error.name === 'ConnectionError', error.name)
    },
  },
]

export const cmdopChildSuite: Suite = {
  name: 'cmdop in a child',
  async run() {
    const path = fileURLToPath(import.meta.resolve('signalbox/testing/fake-cmdop'))
    const results = []
    for (const one of cases) {
      // The file is started by its `#!` line, as a core is started.
      const transport = cmdopCore({ binaryPath: path, env: { CMDOP_TOKEN: 't' } })
      const client = createCmdop({ transport, closeGraceMs: 0 })
      results.push(...(await runCases([one], client)))
      await client.close()
    }
    return results
  },
}
