/** First contact without a server: a session over the simulator, an outage in the middle, and the ledger at the end. */
import { catsyphonOutbox, createCatsyphon } from 'signalbox/catsyphon'
import { catsyphonFaults, createCatsyphonSimulator } from 'signalbox/testing'

export async function firstContact(say) {
  const simulator = createCatsyphonSimulator()
  const { id: collectorId, key: apiKey } = simulator.register()
  const client = await createCatsyphon({
    transport: simulator.transport,
    collectorId,
    apiKey,
    outbox: catsyphonOutbox(),
    workspaceId: simulator.workspaceId,
    ambiguousPauseMs: 100,
    onEvent: (event) => {
      if (event.type === 'retrying') say(`the server is away: ${event.error.message} Next try in ${Math.round(event.delayMs)} ms.`)
    },
  })
  // The server stores the batch and cuts the connection. The client sends it again, and the server recognises it.
  simulator.inject({ ...catsyphonFaults.reset('after'), on: ({ path }) => path === '/collectors/events' })
  await client.withSession('first-contact', async (session) => {
    await session.start({ agentType: 'example' })
    await session.message({ role: 'user', content: 'Is anybody there?' })
    await session.message({ role: 'assistant', content: 'Yes, and only once.' })
  })
  const conversation = await client.readSession('first-contact')
  for (const { role, content } of conversation?.messages ?? []) say(`${role}: ${content}`)
  await client.close()
  say(`stored ${simulator.ledger.rows('first-contact').length}, doubled ${simulator.ledger.doubles('first-contact')}`)
}

if (import.meta.url.endsWith(encodeURI(globalThis.process?.argv[1] ?? ' '))) await firstContact(console.log)
