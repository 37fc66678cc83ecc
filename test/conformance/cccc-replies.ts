/** A client that answers for an actor of CCCC: the daemon runs no agent, so each message gets its reply from here. */
import type { createCccc } from '../../src/cccc/index.js'

/** Replies `lead says: …` to every message of the group as the actor `lead`. Returns the function that stops it. */
export async function replyAsLead(client: ReturnType<typeof createCccc>, groupId: string): Promise<() => Promise<void>> {
  const said = await client.events({ groupId, kinds: ['chat.message'] })
  const answering = (async () => {
    for await (const item of said) {
      if (item.type !== 'event' || item.event.by === 'lead') continue
      const text = `lead says: ${String(item.event.data.text)}`
      await client.messages.reply({ groupId, replyTo: item.event.id, by: 'lead', text })
    }
  })()
  answering.catch(() => {})
  return async () => {
    await said.close()
    await answering.catch(() => {})
  }
}
