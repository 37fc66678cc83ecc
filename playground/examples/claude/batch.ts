/** Many prompts at a budget: prints each answer as it is done, and what all of them cost. */
import { createFullClaude } from 'signalbox/claude'
import { claudeProcess } from 'signalbox/node'

await using claude = createFullClaude({ transport: claudeProcess() })
const results = await claude.batchQuery(process.argv.slice(2), {
  model: 'haiku',
  concurrency: 3,
  maxTotalCostUsd: 0.5,
  onResult: ({ index, success, result, error }) => console.log(index, success ? result : `failed: ${error?.code}`),
})
console.log(`${results.filter(({ success }) => success).length} of ${results.length}, $${claude.usage.totalCostUsd}`)
