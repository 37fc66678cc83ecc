/** The examples of docs/testing.md, as files that a test runner can run. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The first line of an example, for each runner. The page has the same table. */
export const FIRST_LINES = {
  vitest: "import { test } from 'vitest'",
  'node:test': "import { test } from 'node:test'",
  jest: "import { test } from '@jest/globals'",
} as const

export const page: string = readFileSync(join(root, 'docs', 'testing.md'), 'utf8')

/** The examples in the order of the page. */
export const examples: readonly string[] = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text ?? '')

/** Writes every example into a folder of the project, so that `signalbox/…` is the built package. Returns the folder. */
export function writeExamples(runner: keyof typeof FIRST_LINES): { readonly folder: string; readonly files: readonly string[] } {
  const folder = join(root, '.cache', `testing-page-${runner.replace(':', '-')}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = examples.map((text, index) => {
    const source = text.replace(FIRST_LINES.vitest, FIRST_LINES[runner])
    const file = join(folder, `example-${index + 1}.test.mjs`)
    writeFileSync(file, transformSync(source, { loader: 'ts', format: 'esm', target: 'node20' }).code)
    return file
  })
  // A configuration of their own, so that that of the project does not apply.
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {}\n')
  return { folder, files }
}
