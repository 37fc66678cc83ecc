// Is the running daemon one that this program can use?  node compat-check.mjs
import { createCccc } from 'signalbox/cccc'
import { ccccDaemon } from 'signalbox/node'

await using client = createCccc({ transport: ccccDaemon() })
try {
  const { ping } = await client.assertCompatible({
    ipcV: 1,
    capabilities: { events_stream: true },
    ops: ['groups', 'send', 'reply', 'context_sync'],
  })
  const { dialect } = await client.describe()
  console.log(`compatible: daemon ${ping.version}, process ${ping.pid}, dialect ${dialect}`)
} catch (error) {
  console.error(`${error.name}: ${error.message}`)
  process.exitCode = 1
}
