/** A bot prompts and waits; a person approves from another program. Neither knows of the other. */
import { SignalboxError } from 'signalbox'
import type { Ask, Hub } from 'signalbox/hub'

/** The bot: one prompt, one answer, whoever approves meanwhile. */
export const bot = (hub: Hub, agent: string, text: string): Promise<string> => hub.prompt(agent, text, { by: 'bot' }).text()

/** The person's page: answers every ask as `decide` says. Gives how many this person answered first. */
export async function approve(hub: Hub, by: string, decide: (ask: Ask) => boolean, signal: AbortSignal): Promise<number> {
  let answered = 0
  try {
    for await (const event of hub.watch({ kinds: ['ask'], signal })) {
      if (event.kind !== 'ask') continue
      try {
        await hub.answer(event.ask.id, { accept: decide(event.ask) }, { by })
        answered += 1
      } catch (error) {
        // Somebody else was faster.
        if (!SignalboxError.is(error, 'conflict')) throw error
      }
    }
  } catch (error) {
    if (!SignalboxError.is(error, 'aborted')) throw error
  }
  return answered
}
