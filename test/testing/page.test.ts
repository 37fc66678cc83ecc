/** The examples of docs/testing.md are run: under vitest and under node:test, against the built package. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { examples, FIRST_LINES, page, root, writeExamples } from './page.js'

const run = promisify(execFile)
const isBuilt = existsSync(join(root, 'dist', 'testing.js'))

const output = (args: readonly string[], cwd: string): Promise<string> =>
  run(process.execPath, args, { cwd, env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0', NO_COLOR: '1' } }).then(
    ({ stdout, stderr }) => stdout + stderr,
    // A runner that fails says why on its output.
    (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}`,
  )

test('[testing.page] every example begins with the line that the page says to replace', () => {
  expect(examples.length).toBeGreaterThanOrEqual(10)
  for (const example of examples) expect(example.split('\n')[0]).toBe(FIRST_LINES.vitest)
  for (const line of Object.values(FIRST_LINES)) expect(page).toContain(line)
})

describe.skipIf(!isBuilt)('the examples of the page', () => {
  test('[testing.page] pass under vitest', async () => {
    const { folder, files } = writeExamples('vitest')
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const said = await output([vitest, 'run', '--root', folder, '--maxWorkers=1'], folder)
    expect(said).toMatch(new RegExp(`Tests\\s+${files.length} passed`))
  }, 120_000)

  test('[testing.page] pass under node:test', async () => {
    const { folder, files } = writeExamples('node:test')
    const said = await output(['--test', '--test-reporter=tap', '--test-concurrency=1', ...files], folder)
    expect(said).toMatch(new RegExp(`^# pass ${files.length}$`, 'm'))
    expect(said).toMatch(/^# fail 0$/m)
  }, 120_000)
})
