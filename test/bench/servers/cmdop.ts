/** A simulated core on a unix socket. */
import { createCmdopCoreSimulator } from '../../../src/testing/cmdop/index.js'
import { listenUnix } from '../../../transports/node/link/listen.js'

const [path = ''] = process.argv.slice(2)
const simulator = createCmdopCoreSimulator()
void simulator.listen(await listenUnix({ path }))
process.send?.({})
process.on('disconnect', () => process.exit())
