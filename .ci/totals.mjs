/**
 * Adds up the test reports of `.ci/run` and tells what failed: `node .ci/totals.mjs FOLDER [FAILED STEP]...`.
 * FOLDER holds "<step>.json", the report of a test run, and "<step>.log", the output of a step.
 * A failed step without a failed test, such as a lint, a crash or too little coverage, counts as one failure and shows the end of its log.
 * The last line is always the totals. The digest before it has at most about 4 KB, so that it fits into the end of any log.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const DIGEST_CHARACTERS = 4_000
const ERROR_CHARACTERS = 500

const [folder, ...failedSteps] = process.argv.slice(2)

const clip = (text, limit) => (text.length > limit ? `${text.slice(0, limit)}…` : text)
const here = (text) => text.replaceAll(`${process.cwd()}/`, '')
const lines = (text) =>
  here(stripVTControlCharacters(text))
    .split('\n')
    .map((line) => clip(line.trimEnd(), 200))
    .filter(Boolean)
const indent = (text) => text.map((line) => `    ${line}`).join('\n')

/** The message and the first frame outside node_modules, without the rest of the stack. */
function firstLines(message) {
  const all = lines(message)
  const frame = all.findIndex((line) => /^\s+at /.test(line))
  const text = (frame === -1 ? all : all.slice(0, frame)).slice(0, 8)
  const own = all.find((line) => /^\s+at /.test(line) && !/node_modules|node:/.test(line))
  return clip(indent(own ? [...text, own.trim()] : text), ERROR_CHARACTERS)
}

/** The last lines of a log, newest last. */
function endOf(step, limit) {
  try {
    const all = lines(readFileSync(join(folder, `${step}.log`), 'utf8').slice(-20_000))
    const end = []
    let size = 0
    for (const line of all.reverse()) {
      size += line.length + 5
      if (size > limit) break
      end.unshift(line)
    }
    return indent(end)
  } catch {
    return '    (it left no log)'
  }
}

let passed = 0
let failed = 0
let skipped = 0
const failures = []
const stepsWithFailures = new Set()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const step = file.slice(0, -'.json'.length)
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  passed += report.numPassedTests
  skipped += report.numPendingTests + report.numTodoTests
  for (const suite of report.testResults) {
    const path = relative('.', suite.name)
    const found = suite.assertionResults.filter((test) => test.status === 'failed')
    for (const test of found)
      failures.push([`failed: ${path}: ${clip(test.fullName, 250)}`, firstLines(test.failureMessages?.[0] ?? '')])
    // A file that could not be loaded, or whose hook failed outside a test.
    const broken = suite.status === 'failed' && found.length === 0
    if (broken) failures.push([`failed: ${path}`, firstLines(suite.message ?? '')])
    if (found.length > 0 || broken) stepsWithFailures.add(step)
  }
}
failed = failures.length
for (const step of failedSteps.filter((name) => !stepsWithFailures.has(name))) {
  failed += 1
  failures.push([`failed without a failed test: ${step}; its last lines:`, endOf(step, 900)])
}

/** Every name comes before any error is cut: a failure whose error has no room left is still named. */
function digest() {
  const names = failures.reduce((sum, [name]) => sum + name.length + 1, 0)
  let room = DIGEST_CHARACTERS - names
  let named = DIGEST_CHARACTERS
  const out = []
  for (const [name, error] of failures) {
    named -= name.length + 1
    if (named < 0) return [...out, `and ${failures.length - out.filter((line) => line.startsWith('failed')).length} more`]
    out.push(name)
    if (error !== '' && room >= error.length) {
      out.push(error)
      room -= error.length + 1
    }
  }
  return out
}

for (const line of digest()) console.log(line)
if (failedSteps.length > 0) console.log(`failed steps: ${failedSteps.map((name) => `"${name}"`).join(', ')}`)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
