/** Bundles a program of the tests and runs it in a process of its own, where the garbage can be collected by hand. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { Left } from './rounds.js'

export interface SoakProgram extends Disposable {
  /** Removed with the program. */
  readonly folder: string
  run(args: readonly string[], timeoutMs: number): Promise<Left>
}

export async function buildSoak(source: URL): Promise<SoakProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-soak-'))
  const program = join(folder, 'soak.mjs')
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
  })
  return {
    folder,
    async run(args, timeoutMs) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, ...args], { timeout: timeoutMs })
      return JSON.parse(stdout) as Left
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
