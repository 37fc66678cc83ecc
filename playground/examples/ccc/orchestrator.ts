/**
 * An orchestrator that routes a request to the sessions that can answer it, all at once, and reports.
 * Run: node orchestrator.js "Run tests" backend frontend
 */
import { createCcc, CccSendError, type AskResult } from 'signalbox/ccc'
import { cccSocket } from 'signalbox/node'

const [text = 'Run tests', ...sessions] = process.argv.slice(2)
await using ccc = createCcc({ transport: cccSocket() })

/** An outcome that is not known is found out, and never simply asked again: the text may already be at work. */
async function ask(session: string): Promise<string> {
  let result: AskResult
  try {
    result = await ccc.ask({ session, text, from: 'orchestrator' })
  } catch (error) {
    if (!(error instanceof CccSendError) || error.sent === 'no') return `not asked: ${(error as Error).message}`
    const found = await ccc.resolve(error)
    return found.outcome === 'answered' ? found.response : `unknown: ${found.outcome}`
  }
  if (result.outcome === 'answered') return result.response
  const found = await ccc.resolve(result.receipt)
  return found.outcome === 'answered' ? found.response : 'still at work'
}

const reports = await Promise.all(sessions.map(async (session) => `${session}: ${await ask(session)}`))
for (const report of reports) console.log(report)
