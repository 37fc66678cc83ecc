/** Every portable entry can be imported and exports something. Every entry recognises the errors of the others. */
import * as root from '../../../src/index.js'
import * as testing from '../../../src/testing/index.js'
import { check, checkEqual, memoryPair, runCases } from '../../../src/testing/index.js'
import type { Suite } from './environment.js'

const entries: Readonly<Record<string, object>> = { root, testing }

export const entriesSuite: Suite = {
  name: 'entries',
  run: () =>
    runCases(
      [
        ...Object.entries(entries).map(([name, module]) => ({
          id: 'package.entry-imports',
          title: `${name} imports and is not empty`,
          run: async () => check(Object.keys(module).length > 0, `${name} exports nothing`),
        })),
        {
          id: 'package.error-brand',
          title: 'an error of the package is recognised by its brand',
          run: async () => {
            const error = new root.SignalboxError({ code: 'closed', message: 'gone', sent: 'maybe' })
            check(root.SignalboxError.is(error, 'closed'), 'brand')
            check(!root.SignalboxError.is(new Error('gone')), 'a foreign error is not ours')
          },
        },
        {
          id: 'package.first-bytes',
          title: 'a pair of links carries bytes, and both ends close',
          run: async () => {
            const [near, far] = memoryPair()
            await near.write(new TextEncoder().encode('hello'))
            await near.end()
            checkEqual(new TextDecoder().decode((await far.read()) ?? undefined), 'hello')
            checkEqual(await far.read(), null)
            await Promise.all([near.close(), far.close()])
          },
        },
      ],
      undefined,
    ),
}
