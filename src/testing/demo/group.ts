/** The actors of the simulated CCCC group: they answer the messages that arrive, because the simulated daemon has no agents behind it. */
import { sleep, type Clock } from '../../core/clock.js'
import type { Hub } from '../../hub/index.js'
import type { DemoGroup } from './cccc.js'

const ANSWERS: readonly (readonly [RegExp, string, string])[] = [
  [/who works/i, 'lead', 'tester checks the settings page, writer has the release notes, and I merge the order index today.'],
  [/ready/i, 'lead', 'Almost: one test of the date parser is red. I expect the release at four.'],
  [/small window/i, 'tester', 'Done: below 380 px the save button was cut off. I sent the picture to writer.'],
]
const REPLY_AFTER_MS = 3_500

/** Lets an actor reply to each message of a person, until the signal aborts. Never rejects. */
export async function answerInGroup(hub: Hub, group: Promise<DemoGroup>, signal: AbortSignal, clock: Clock): Promise<void> {
  try {
    const { daemon, groupId } = await group
    const replied = new Set<string>()
    const reply = async (agent: string, prompt: string | undefined): Promise<void> => {
      await sleep(clock, REPLY_AFTER_MS, signal)
      const message = daemon.events(groupId).findLast(({ kind, data }) => kind === 'chat.message' && data.text === prompt)
      if (!message || replied.has(message.id)) return
      replied.add(message.id)
      const [, actor = 'lead', text = 'I take it and report back within the hour.'] =
        ANSWERS.find(([words]) => words.test(prompt ?? '')) ?? []
      const by = agent.split(':')[1] ?? actor
      daemon.append(groupId, { kind: 'chat.ack', by, data: { event_id: message.id, actor_id: by } })
      daemon.append(groupId, { kind: 'chat.message', by, data: { text, to: ['user'], reply_to: message.id } })
    }
    for await (const event of hub.watch({ kinds: ['turn'], signal })) {
      if (event.kind !== 'turn' || event.what !== 'started' || !event.agent.startsWith('cccc/')) continue
      void reply(event.agent, event.text).catch(() => {})
    }
  } catch {
    // The demo ends.
  }
}
