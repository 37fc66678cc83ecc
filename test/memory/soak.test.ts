/** Thousands of links, calls, streams and a few children: the heap is flat, nothing is held, and the process leaves by itself. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Left } from './soak.js'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-memory-'))
const program = join(folder, 'soak.mjs')
beforeAll(async () => {
  const entry = fileURLToPath(new URL('./soak.ts', import.meta.url))
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('two thousand links, five hundred calls, a hundred streams and twenty children leave nothing [memory.soak]', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program], { timeout: 60_000 })
  const left = JSON.parse(stdout) as Left
  expect(left.outcomes).toEqual({
    link: 2000,
    answered: 300,
    deadline_exceeded: 50,
    aborted: 150,
    left: 50,
    stopped: 50,
    child: 20,
  })
  expect(left.held).toEqual({})
  expect(left.sockets).toBeLessThanOrEqual(0)
  // Two rounds of the same differ by up to a third of this; a link kept from each opening would be four times as much.
  expect(left.heapGrowthBytes).toBeLessThan(1_000_000)
}, 70_000)
