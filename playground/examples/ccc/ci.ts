/**
 * A step of a CI pipeline: hands a task to Claude and leaves, or waits for the answer with --wait. Exit codes: 0 done, 1 nothing was sent
 * (the step may be repeated), 3 it may have been sent (look before repeating).
 * Run: node ci.js [--wait] myproject "Run linter and fix issues"
 */
import { parseArgs } from 'node:util'
import { SignalboxError } from 'signalbox'
import { createCcc } from 'signalbox/ccc'
import { cccSocket } from 'signalbox/node'

const { values, positionals } = parseArgs({ options: { wait: { type: 'boolean' } }, allowPositionals: true })
const [session = 'myproject', text = 'Run linter and fix issues'] = positionals
await using ccc = createCcc({ transport: cccSocket() })

// The marker makes this run's message findable among equal ones of other runs.
const task = { session, text, from: 'github-actions', marker: process.env.GITHUB_RUN_ID ?? 'local' }
try {
  if (values.wait) {
    const answer = await ccc.sendAndWait({ ...task, timeoutMs: 30 * 60_000 })
    console.log(answer.outcome === 'answered' ? answer.response : 'no answer within half an hour')
  } else {
    const { messageId } = await ccc.send(task)
    console.log(`sent as message ${messageId}`)
  }
} catch (error) {
  if (!SignalboxError.is(error)) throw error
  console.error(error.message)
  process.exitCode = error.sent === 'no' ? 1 : 3
}
