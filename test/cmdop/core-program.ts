/** The simulated core as a program: what `cmdopCore()` starts in tests. Knobs come by environment, as a core's do. */
import { createCmdopCore } from '../../src/testing/index.js'
import { processStdio } from '../../transports/node/index.js'

const { CMDOP_TOKEN = '', CMDOP_API_KEY = '', CMDOP_SIM_STDERR, CMDOP_SIM_STUBBORN, CMDOP_SIM_SPLIT, CMDOP_SIM_EXIT } = process.env

// A full stderr pipe would block a core whose parent does not read it.
if (CMDOP_SIM_STDERR) process.stderr.write('noise '.repeat(Number(CMDOP_SIM_STDERR)))
// Real cores ignore both.
if (CMDOP_SIM_STUBBORN) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})

if (CMDOP_SIM_EXIT) {
  process.stderr.write('cmdop-core: refusing to run\n')
  process.exit(3)
}
const relay = { token: 't-right', apiKey: 'k-right' }
const core = createCmdopCore({ relay, token: CMDOP_TOKEN, apiKey: CMDOP_API_KEY, splitWrites: CMDOP_SIM_SPLIT !== undefined })
await core.serve(processStdio())
