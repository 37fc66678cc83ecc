/** The demo: simulated systems, the sources of a hub over them, and people who work with their agents. Needs no runtime of its own. */
import { systemClock } from '../../core/clock.js'
import type { Hub, Source } from '../../hub/index.js'
import { openAcp, openEditor } from './acp.js'
import { openCcc } from './ccc.js'
import { openCccc } from './cccc.js'
import { openClaude } from './claude.js'
import { openCmdop } from './cmdop.js'
import { runPeople, type PeopleOptions } from './people.js'
import type { DemoOptions } from './system.js'

/** A demo that is ready to run. */
export interface Demo {
  /** For `createHub`. The hub closes them. */
  readonly sources: readonly Source[]
  /** Lets the people prompt and answer until the signal aborts. Never rejects. */
  live(hub: Hub, options: Omit<PeopleOptions, 'clock'>): Promise<void>
  /** Closes the clients and stops the simulators. Close the hub first. */
  close(): Promise<void>
}

/** Creates the simulators, their clients and their sources. */
export async function createDemo(given: Partial<DemoOptions> = {}): Promise<Demo> {
  const options: DemoOptions = { clock: systemClock, wrap: (_system, transport) => transport, ...given }
  const group = await openCccc(options)
  const systems = [openClaude(options), openAcp(options), openEditor(options), openCcc(options), group, openCmdop(options)]
  return {
    sources: systems.map(({ source }) => source),
    live: (hub, people) => runPeople(hub, Promise.resolve(group), { clock: options.clock, ...people }),
    async close() {
      await Promise.allSettled(systems.map((system) => system.close()))
    },
  }
}
