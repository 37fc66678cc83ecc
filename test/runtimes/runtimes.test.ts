/** The built package, packed and imported by name, inside every runtime. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { startPeerServer } from '../peers/web/server.js'
import { installPackage, root } from './lib/consumer.js'
import { runChromium, runFile, runtimes, runWorkerd, type Runtime } from './lib/run.js'

const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'
const built = existsSync(join(root, 'dist', 'index.js'))
const here = (file: string): string => fileURLToPath(new URL(`./suites/${file}`, import.meta.url))

const run = (runtime: Runtime, peers: string) => {
  if (runtime.name === 'workerd') return runWorkerd(runtime, here('portable.ts'), peers)
  if (runtime.name === 'chromium') return runChromium(runtime, here('portable.ts'), peers)
  return runFile(runtime, here('process.ts'), peers)
}

describe.skipIf(!built && !required)('the built package runs', () => {
  beforeAll(() => installPackage())

  for (const runtime of runtimes) {
    const skip = runtime.path === undefined && !required
    if (skip) console.warn(`skipped: no ${runtime.name} here; to have it, ${runtime.missing}`)
    // One runtime at a time: with two cores, the other worker already uses the other one.
    test.skipIf(skip)(`[package.five-runtimes] [package.ends] in ${runtime.name}`, { timeout: 600_000 }, async () => {
      expect(runtime.path, `${runtime.name} is required: ${runtime.missing}`).toBeDefined()
      await using peers = await startPeerServer()
      const reports = await run(runtime, peers.webSocketUrl.replace(/\/$/, ''))
      const failures = reports.flatMap(({ name, error, results }) => [
        ...(error ? [`${name}: ${error}`] : []),
        ...results
          .filter(({ outcome }) => outcome === 'failed')
          .map(({ id, title, detail }) => `${name} [${id}] ${title}: ${detail}`),
      ])
      // As text: CI prints the message of a failure, and an array has only its length there.
      expect(failures.join('\n')).toBe('')
      const ran = reports.flatMap(({ results }) => results.filter(({ outcome }) => outcome === 'passed'))
      expect(ran.length).toBeGreaterThan(0)
      console.log(`${runtime.name}: ${reports.map(({ name, results }) => `${name} ${results.length}`).join(', ')}`)
    })
  }
})
