/** The simulated CCC server of the demo. */
import { createCcc } from '../../ccc/index.js'
import { cccSource } from '../../hub/index.js'
import { createCccSimulator } from '../ccc/simulator.js'
import { cccAnswer } from './answers.js'
import type { DemoOptions, DemoSystem } from './system.js'

/** A minute of a real server takes six seconds. */
const TIME_SCALE = 0.1

/** Starts the simulator and connects a source to it. */
export function openCcc({ clock, wrap }: DemoOptions): DemoSystem {
  const simulator = createCccSimulator({
    clock,
    timeScale: TIME_SCALE,
    script: cccAnswer,
    sessions: [
      { name: 'backend', path: '/srv/backend', running: true },
      { name: 'frontend', path: '/srv/frontend', running: true },
      { name: 'docs', path: '/srv/docs' },
    ],
  })
  const client = createCcc({ transport: wrap('ccc', simulator.transport), clock })
  return {
    source: cccSource({ client, pollMs: 400, sessionsEveryMs: 3_000, clock }),
    async close() {
      await client.close()
      await simulator.stop()
    },
  }
}
