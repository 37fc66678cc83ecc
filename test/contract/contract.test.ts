/** The contract on Node, over the sources: every local transport, and the pair in memory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { fileURLToPath } from 'node:url'
import { transportContract } from '../../src/testing/index.js'
import * as entry from '../../transports/node/index.js'
import { childCases } from './children.js'
import { socketCases } from './socket-traps.js'
import {
  acceptedContext,
  memoryContext,
  subprocessContext,
  tcpContext,
  unixContext,
  type ClosableContext,
  type Program,
} from './contexts.js'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-programs-'))
const self: Program = { file: process.execPath, args: [join(folder, 'main.mjs')] }
const relay: Program = { file: self.file, args: [...self.args, '--role', 'relay'] }

beforeAll(async () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const [outfile] = self.args
  await build({ entryPoints: [main], outfile: outfile as string, bundle: true, format: 'esm', platform: 'node', target: 'es2022' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const made: Readonly<Record<string, () => Promise<ClosableContext> | ClosableContext>> = {
  memory: memoryContext,
  unix: () => unixContext(entry),
  'unix, accepted': () => acceptedContext(entry),
  tcp: () => tcpContext(entry),
  subprocess: () => subprocessContext(entry, relay),
}

for (const [name, make] of Object.entries(made)) {
  describe(name, () => {
    let context: ClosableContext
    beforeAll(async () => {
      context = await make()
    })
    afterAll(() => context[Symbol.asyncDispose]())
    for (const { id, title, skip, run } of transportContract) {
      // A little longer than the time limit of the case itself, whose error says more.
      test(`${title} [${id}]`, { timeout: 200_000 }, async (task) => {
        const why = skip?.(context)
        if (why !== undefined) return task.skip(why)
        await run(context)
      })
    }
  })
}

describe.skipIf(process.platform === 'win32')('children', () => {
  for (const { id, title, run } of childCases) test(`${title} [${id}]`, () => run({ entry, self }))
})

describe('traps of sockets', () => {
  for (const { id, title, run } of socketCases) test(`${title} [${id}]`, () => run({ entry }))
})
