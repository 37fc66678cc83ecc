/** A retry of the Claude CLI is a notice that says how long the agent waits. */
import { expect, test } from 'vitest'
import { createClaude } from '../../src/claude/index.js'
import { claudeSource, createHub, type HubEvent } from '../../src/hub/index.js'
import { createClaudeSimulator } from '../../src/testing/index.js'

test('a retry after 429 is a notice with the time that the agent waits [hub.source.retry]', async () => {
  const client = createClaude({ transport: createClaudeSimulator().transport })
  await using hub = await createHub({ sources: [claudeSource({ client, agents: [{ name: 'review' }] })] })
  const events: HubEvent[] = []
  for await (const event of hub.prompt('claude/review', 'FAKE:429once')) events.push(event)
  const waits = events.flatMap((event) => (event.kind === 'notice' && event.waitMs !== undefined ? [event] : []))
  expect(waits[0]).toMatchObject({ level: 'warning', text: expect.stringContaining(`${waits[0]?.waitMs} ms`) })
  expect(waits[0]?.waitMs).toBeGreaterThan(0)
  expect(events.at(-1)).toMatchObject({ kind: 'end', outcome: 'completed' })
})
