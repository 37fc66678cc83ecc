/** The conformance suite over the simulated daemons, in memory and over a real socket. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { createCcccSimulator } from '../../src/testing/index.js'
import { listenUnix, unixSocket } from '../../transports/node/index.js'
import { cases, type CcccContext } from '../conformance/cccc.js'

const ends: (() => PromiseLike<unknown>)[] = []
afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

for (const dialect of ['A', 'B', 'C'] as const) {
  const common = { dialect, implementation: 'simulator', projectPath: '/home/dev/project' } as const
  const simulator = createCcccSimulator({ dialect })
  ends.push(() => simulator[Symbol.asyncDispose]())
  register(`the simulated daemon ${dialect}`, { ...common, transport: simulator.transport })

  describe(`the simulated daemon ${dialect} on a socket`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sb-cccc-'))
    const listener = await listenUnix({ path: join(folder, 'd.sock') })
    const served = createCcccSimulator({ dialect })
    void served.listen(listener)
    ends.push(
      () => rm(folder, { recursive: true, force: true }),
      () => listener[Symbol.asyncDispose](),
      () => served[Symbol.asyncDispose](),
    )
    register('', { ...common, transport: unixSocket({ path: join(folder, 'd.sock') }) })
  })
}

function register(name: string, context: CcccContext): void {
  describe(name, () => {
    for (const { id, title, skip, run } of cases) {
      test.skipIf(skip?.(context) !== undefined)(`${title} [${id}]`, () => run(context))
    }
  })
}
