/** What `.ci/run` prints at its end: `.ci/totals.mjs` over the reports and logs of a run. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-totals-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const fail = (fullName: string, message: string) => ({ status: 'failed', fullName, failureMessages: [message] })
const pass = { status: 'passed', fullName: 'passes', failureMessages: [] }

function report(step: string, files: Record<string, readonly { readonly status: string }[]>): void {
  const tests = Object.values(files).flat()
  const count = (status: string): number => tests.filter((each) => each.status === status).length
  const testResults = Object.entries(files).map(([name, assertionResults]) => ({
    name: resolve(name),
    status: assertionResults.some(({ status }) => status === 'failed') || assertionResults.length === 0 ? 'failed' : 'passed',
    message: assertionResults.length === 0 ? 'Error: cannot find ./gone.js' : '',
    assertionResults,
  }))
  const counts = { numPassedTests: count('passed'), numFailedTests: count('failed'), numPendingTests: 0, numTodoTests: 0 }
  writeFileSync(join(folder, `${step}.json`), JSON.stringify({ ...counts, testResults }))
}

function totals(...failedSteps: string[]): {
  readonly status: number | null
  readonly text: string
  readonly last: string | undefined
} {
  const { status, stdout } = spawnSync(process.execPath, ['.ci/totals.mjs', folder, ...failedSteps], { encoding: 'utf8' })
  return { status, text: stdout, last: stdout.trimEnd().split('\n').at(-1) }
}

describe('the end of the CI run', () => {
  test('without a failure, the totals are the only line [package.ci-totals]', () => {
    report('unit', { 'test/a.test.ts': [pass, pass] })
    expect(totals()).toMatchObject({ status: 0, text: '2 passed, 0 failed, 0 skipped\n' })
  })

  test('each failed test is named with its file and the first lines of its error [package.ci-totals]', () => {
    const error = `AssertionError: expected 1 to be 2\n    at ${resolve('test/b.test.ts')}:7:3\n    at runTest (node_modules/vitest/x.js:1:1)`
    report('unit', { 'test/a.test.ts': [pass], 'test/b.test.ts': [fail('sums > adds', error)] })
    const { status, text, last } = totals('unit')
    expect({ status, last }).toEqual({ status: 1, last: '1 passed, 1 failed, 0 skipped' })
    expect(text).toContain('failed: test/b.test.ts: sums > adds')
    expect(text).toContain('expected 1 to be 2')
    expect(text).toContain('at test/b.test.ts:7:3')
    expect(text).not.toContain('node_modules')
  })

  test('a file that could not be loaded is one failure [package.ci-totals]', () => {
    report('unit', { 'test/a.test.ts': [pass], 'test/b.test.ts': [] })
    const { text, last } = totals('unit')
    expect(text).toContain('failed: test/b.test.ts\n    Error: cannot find ./gone.js')
    expect(last).toBe('1 passed, 1 failed, 0 skipped')
  })

  test('a step that fails without a failed test is one failure, and the end of its log is shown [package.ci-totals]', () => {
    report('unit', { 'test/a.test.ts': [pass] })
    report('attack', { 'test/b.attack.ts': [fail('floods', 'Error: slow')] })
    writeFileSync(join(folder, 'unit.log'), `${'x\n'.repeat(5_000)}ERROR: Coverage for lines (31%) is too low\n`)
    const { text, last } = totals('unit', 'attack', 'lint')
    expect(text).toContain('failed: test/b.attack.ts: floods')
    expect(text).toContain('failed without a failed test: unit')
    expect(text).toContain('Coverage for lines (31%) is too low')
    expect(text).toContain('failed without a failed test: lint')
    expect(last).toBe('1 passed, 3 failed, 0 skipped')
  })

  test('a hundred failures with long errors stay within 5,000 characters [package.ci-totals]', () => {
    const tests = Array.from({ length: 100 }, (_, index) => fail(`test ${index} ${'long '.repeat(40)}`, 'Error: '.repeat(1_000)))
    report('unit', { 'test/a.test.ts': tests })
    const { text, last } = totals('unit')
    expect(text.length).toBeLessThan(5_000)
    expect(text).toMatch(/^and \d+ more$/m)
    expect(last).toBe('0 passed, 100 failed, 0 skipped')
  })
})
