// Adds up what the test runs reported. Anything that failed outside a test counts as one failure, so that the last line is never green by accident.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, failedSteps = '0', ...names] = process.argv.slice(2)
let passed = 0
let failed = 0
let skipped = 0
const broken = []
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + report.numTodoTests
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults) if (test.status === 'failed') broken.push(`${suite.name}: ${test.fullName}`)
  }
}
for (const line of broken) console.log(`failed: ${line}`)
if (names.length > 0) console.log(`failed steps: ${names.join(', ')}`)
// A step that failed without a failed test, such as a lint or a crash of the runner.
if (Number(failedSteps) > 0 && failed === 0) failed = Number(failedSteps)
console.log(skipped > 0 ? `${passed} passed, ${failed} failed, ${skipped} skipped` : `${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
