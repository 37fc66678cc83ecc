/** The simulated CCC server of the demo. */
import { createCcc } from 'signalbox/ccc'
import { cccSource, type Source } from 'signalbox/hub'
import { createCccSimulator } from 'signalbox/testing'
import type { Through } from '../lab/lab.js'

/** Starts the simulator and connects a source to it. */
export async function openCcc(through: Through): Promise<Source> {
  const ccc = createCccSimulator({
    timeScale: 0.5,
    sessions: [
      { name: 'backend', path: '/srv/backend', running: true },
      { name: 'frontend', path: '/srv/frontend', running: true },
      { name: 'docs', path: '/srv/docs' },
    ],
  })
  return cccSource({ client: createCcc({ transport: through('ccc', ccc.transport) }), pollMs: 400, sessionsEveryMs: 3_000 })
}
