/** On Node, Bun or Deno: log from an agent that may be killed. Run it, kill it, run it again: what was acknowledged arrives. */
import { fromStored, register } from 'signalbox/catsyphon'
import { catsyphonServer } from 'signalbox/node'

const serverUrl = process.env.CATSYPHON_URL ?? 'http://localhost:8000'
const workspaceId = process.env.CATSYPHON_WORKSPACE_ID ?? ''

const server = catsyphonServer({ serverUrl, workspaceId, onDamage: (damage) => console.warn('outbox:', damage.kind, damage.file) })
// What an earlier run left behind is taken up here, before anything new is written.
const client = (await fromStored(server)) ?? (await register({ ...server, collectorType: 'crash-safe-example' }))
await client.withSession(crypto.randomUUID(), async (session) => {
  await session.start({ agentType: 'crash-safe-example' })
  for (let step = 1; step <= 100; step += 1) await session.message({ role: 'assistant', content: `step ${step}` })
})
const left = await client.close()
console.log(
  left.pending === 0 ? 'everything is delivered' : `${left.pending} items wait for the next run: ${left.error?.message ?? ''}`,
)
await server.store[Symbol.asyncDispose]()
