/** The sources of the demo in the page. Claude Code is there at once, the other systems are loaded a moment later. */
import type { Source } from 'signalbox/hub'
import { systemClock } from '../../../src/core/clock.js'
import type { DemoGroup } from '../../../src/testing/demo/cccc.js'
import { openClaude } from '../../../src/testing/demo/claude.js'
import type { DemoOptions } from '../../../src/testing/demo/system.js'
import { lateSource } from './late-source.js'

/** The sources, and the group of the simulated CCCC daemon once the daemon is loaded. */
export interface Systems {
  readonly sources: readonly Source[]
  readonly group: Promise<DemoGroup>
}

/** Starts the simulators. `wrap` wraps the transport of each system before its client gets it. */
export function createSystems(wrap: DemoOptions['wrap'] = (_system, transport) => transport): Systems {
  const options: DemoOptions = { clock: systemClock, wrap }
  let foundGroup: (group: DemoGroup) => void = () => {}
  const group = new Promise<DemoGroup>((resolve) => {
    foundGroup = resolve
  })
  const acpMethods = ['cancel', 'answer', 'expire', 'resolve', 'history', 'sessions', 'openSession', 'closeSession'] as const
  const sources = [
    openClaude(options).source,
    lateSource(
      'editor',
      'acp',
      acpMethods,
      async () => (await import('../../../src/testing/demo/acp.js')).openEditor(options).source,
    ),
    lateSource(
      'ccc',
      'ccc',
      ['cancel', 'answer', 'resolve', 'history', 'receiptFor'],
      async () => (await import('../../../src/testing/demo/ccc.js')).openCcc(options).source,
    ),
    lateSource('cccc', 'cccc', ['resolve', 'receiptFor'], async () => {
      const opened = await (await import('../../../src/testing/demo/cccc.js')).openCccc(options)
      foundGroup(opened)
      return opened.source
    }),
    lateSource(
      'cmdop',
      'cmdop',
      ['answer', 'expire', 'history'],
      async () => (await import('../../../src/testing/demo/cmdop.js')).openCmdop(options).source,
    ),
    lateSource('acp', 'acp', acpMethods, async () => (await import('../../../src/testing/demo/acp.js')).openAcp(options).source),
  ]
  return { sources, group }
}
