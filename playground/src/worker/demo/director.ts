/** The scripted people of the demo: they prompt the agents on a seeded schedule. */
import type { Hub } from 'signalbox/hub'
import type { Systems } from '../systems.js'

/** Starts the schedule. The returned function pauses it or lets it go on. */
export function direct(hub: Hub, _systems: Systems): (running: boolean) => void {
  hub.prompt('claude/review', 'FAKE:bash:npm test && git push', { by: 'mira' })
  return () => {}
}
