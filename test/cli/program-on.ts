/** Runs command lines on a hub of the test, in this process. */
import type { Hub } from '../../src/hub/index.js'
import { run } from '../../transports/node/cli/program/run.js'
import { fakeTerminal } from './fake-terminal.js'

/** A function that runs a command line and gives its exit code and output. The hub outlives the commands, although each closes the hub that it opened. */
export function programOn(hub: Hub) {
  const lasting = { ...hub, close: async () => {} }
  return async (argv: readonly string[], terminal = fakeTerminal()) => {
    const code = await run(argv, { terminal, version: '0', openHub: async () => ({ hub: lasting, shared: true }) })
    return { code, out: terminal.written(), err: terminal.complained() }
  }
}
