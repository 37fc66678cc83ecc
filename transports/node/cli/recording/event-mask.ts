/**
 * Masks secrets in events of the hub. A streamed message comes in parts, and a secret may be divided between two of them, so the parts of a
 * message are held back until its whole text is known. They are dropped when the whole text has a secret.
 */
import type { HubEvent } from '../../../../src/hub/index.js'
import type { Redactor } from '../../../../src/redact.js'

export interface EventMask {
  /** The events that can be written now. */
  take(event: HubEvent): readonly HubEvent[]
  /** One event for each message that has not ended: its whole text so far, masked. */
  rest(): readonly HubEvent[]
}

type Message = Extract<HubEvent, { kind: 'message' }>

/** Creates the mask for one recording. */
export function createEventMask(redactor: Redactor): EventMask {
  const held = new Map<string, { parts: Message[]; text: string }>()
  const clean = (event: HubEvent): HubEvent => redactor.value(event) as HubEvent
  const isClean = (text: string): boolean => redactor.text(text) === text
  return {
    take(event) {
      if (event.kind !== 'message') return [clean(event)]
      const key = `${event.agent} ${event.role} ${event.id}`
      const before = held.get(key)
      if (event.partial) {
        const text = event.how === 'append' ? `${before?.text ?? ''}${event.text}` : event.text
        held.set(key, { parts: [...(before?.parts ?? []), event], text })
        return []
      }
      held.delete(key)
      const parts = before && isClean(before.text) && isClean(event.text) ? before.parts : []
      return [...parts, event].map(clean)
    },
    rest: () =>
      [...held.values()].flatMap(({ parts, text }) => {
        const last = parts.at(-1)
        return last ? [clean({ ...last, how: 'replace', text })] : []
      }),
  }
}
