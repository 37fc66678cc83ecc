/** The built package on a real NATS server, in every runtime that can connect to one. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { installPackage, root } from '../../runtimes/lib/consumer.js'
import { runChromium, runFile, runtimes } from '../../runtimes/lib/run.js'
import { startServer } from './server.js'

const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'
const built = existsSync(join(root, 'dist', 'nats.js'))
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

describe.skipIf(!built && !required)('the store on NATS', () => {
  beforeAll(() => installPackage())

  for (const runtime of runtimes.filter(({ name }) => name !== 'workerd')) {
    const skip = runtime.path === undefined && !required
    if (skip) console.warn(`skipped: no ${runtime.name} here; to have it, ${runtime.missing}`)
    const passes = async (inPage: string, inProcess: string): Promise<void> => {
      await using server = await startServer()
      const addresses = `${server.url}|${server.webSocketUrl}`
      const reports = await (runtime.name === 'chromium'
        ? runChromium(runtime, here(inPage), addresses)
        : runFile(runtime, here(inProcess), addresses))
      const failures = reports.flatMap(({ name, error, results }) => [
        ...(error === undefined ? [] : [`${name}: ${error}`]),
        ...results
          .filter(({ outcome }) => outcome !== 'passed')
          .map(({ id, title, detail }) => `${name} [${id}] ${title}: ${detail}`),
      ])
      // As text: CI prints the message of a failure, and an array has only its length there.
      expect(failures.join('\n')).toBe('')
      expect(reports.length).toBeGreaterThan(0)
      console.log(`${runtime.name}: ${reports.map(({ name, results }) => `${name} ${results.length} passed`).join(', ')}`)
    }
    test.skipIf(skip)(`passes the suite of stores in ${runtime.name} [store.nats.runtimes]`, { timeout: 300_000 }, () =>
      passes('in-runtime.ts', 'in-process.ts'),
    )
    // hub.test.ts has the same on Node, from the sources.
    if (['node', 'node-newest'].includes(runtime.name)) continue
    test.skipIf(skip)(`holds hubs that share it in ${runtime.name} [hub.shared.runtimes]`, { timeout: 300_000 }, () =>
      passes('hub-in-runtime.ts', 'hub-in-process.ts'),
    )
  }
})
