/** Checks that the packed package runs: neither the local build nor the sources, which some runtimes would resolve first. */
import { fileURLToPath } from 'node:url'
import { check, runCases } from '../../../src/testing/index.js'
import type { Suite } from './environment.js'

const NAMES = ['signalbox', 'signalbox/ccc', 'signalbox/claude', 'signalbox/cmdop/rest', 'signalbox/testing', 'signalbox/web']

export const packedSuite: Suite = {
  name: 'packed',
  run: () =>
    runCases(
      NAMES.map((name) => ({
        id: 'package.packed',
        title: `${name} resolves into the unpacked archive`,
        async run() {
          const file = fileURLToPath(import.meta.resolve(name))
          check(/[\\/]node_modules[\\/]signalbox[\\/]dist[\\/]/.test(file), `it resolves to ${file}`)
        },
      })),
      undefined,
    ),
}
