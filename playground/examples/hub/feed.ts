/** The feed of a dashboard: what every agent does now, one line for each, from any viewer's cursor. */
import type { Hub, HubCursor, HubEvent } from 'signalbox/hub'

/** Shows a line for each event. Ends when `until` says so, and gives the cursor to go on with. */
export async function feed(
  hub: Hub,
  show: (line: string) => void,
  until: (event: HubEvent) => boolean,
  from?: HubCursor,
): Promise<HubCursor | undefined> {
  const events = hub.watch(from ? { from } : {})
  for await (const event of events) {
    const line = lineOf(event)
    if (line) show(`${event.agent} ${line}`)
    if (until(event)) break
  }
  return events.cursor
}

function lineOf(event: HubEvent): string | undefined {
  if (event.kind === 'agent') return event.change
  if (event.kind === 'state') return event.state
  if (event.kind === 'turn') return `${event.by ?? 'somebody'}: ${event.text ?? ''}`
  if (event.kind === 'message' && !event.partial) return event.text
  if (event.kind === 'ask') return `asks: ${event.ask.title}`
  if (event.kind === 'ask_resolved') return `${event.outcome} by ${event.by ?? 'nobody'}`
  if (event.kind === 'gap') return `gap: ${event.reason}`
  return event.kind === 'end' ? event.outcome : undefined
}
