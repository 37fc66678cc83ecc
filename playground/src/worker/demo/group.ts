/** The actors of the simulated CCCC group: they answer the messages that arrive, because the simulated daemon has no agents behind it. */
import type { Hub } from 'signalbox/hub'
import type { Systems } from '../systems.js'

const ANSWERS: readonly (readonly [RegExp, string, string])[] = [
  [/who works/i, 'lead', 'tester checks the settings page, writer has the release notes, and I merge the order index today.'],
  [/ready/i, 'lead', 'Almost: one test of the date parser is red. I expect the release at four.'],
  [/small window/i, 'tester', 'Done: below 380 px the save button was cut off. I sent the picture to writer.'],
]
const REPLY_AFTER_MS = 3_500

/** Lets an actor reply to each message of a person. */
export function followGroup(hub: Hub, { group }: Systems): void {
  void (async () => {
    const { cccc, groupId } = await group
    const replied = new Set<string>()
    for await (const event of hub.watch({ kinds: ['turn'] })) {
      if (event.kind !== 'turn' || event.what !== 'started' || !event.agent.startsWith('cccc/')) continue
      setTimeout(() => {
        const message = cccc.events(groupId).findLast(({ kind, data }) => kind === 'chat.message' && data.text === event.text)
        if (!message || replied.has(message.id)) return
        replied.add(message.id)
        const [, actor = 'lead', text = 'I take it and report back within the hour.'] =
          ANSWERS.find(([words]) => words.test(event.text ?? '')) ?? []
        const by = event.agent.split(':')[1] ?? actor
        cccc.append(groupId, { kind: 'chat.ack', by, data: { event_id: message.id, actor_id: by } })
        cccc.append(groupId, { kind: 'chat.message', by, data: { text, to: ['user'], reply_to: message.id } })
      }, REPLY_AFTER_MS)
    }
  })().catch(() => {})
}
