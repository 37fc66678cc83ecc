/** Tool calls as a whole: a later event of a call leaves out what did not change. Pure. */
import type { HubEvent, ToolEvent } from '../../../../src/hub/index.js'

/** Completes the tool events of a stream with the title, the name and the places of the earlier events of the same call. */
export function createToolMemory(): <Event extends HubEvent>(event: Event) => Event {
  const open = new Map<string, Pick<ToolEvent, 'title' | 'name' | 'locations'>>()
  return (event) => {
    if (event.kind !== 'tool') return event
    const key = `${event.agent} ${event.id}`
    const whole = { ...open.get(key), ...event }
    const { title, name, locations } = whole
    if (event.status === 'done' || event.status === 'failed') open.delete(key)
    else
      open.set(key, {
        ...(title === undefined ? {} : { title }),
        ...(name === undefined ? {} : { name }),
        ...(locations === undefined ? {} : { locations }),
      })
    return whole
  }
}
