// Prints the events of a group, through restarts of the daemon, until interrupted.  node stream.mjs --group g_xxx
import { parseArgs } from 'node:util'
import { createCccc } from 'signalbox/cccc'
import { ccccDaemon } from 'signalbox/node'

const { values } = parseArgs({ options: { group: { type: 'string' }, by: { type: 'string', default: 'user' } } })
if (!values.group) throw new Error('usage: stream.mjs --group g_xxx [--by user]')

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())

await using client = createCccc({ transport: ccccDaemon() })
const stream = await client.events({ groupId: values.group, by: values.by })
interrupted.signal.addEventListener('abort', () => void stream.close())
console.error(`watching ${values.group} (${stream.mode})`)
for await (const item of stream) {
  if (item.type === 'gap') console.log(`-- events may be missing here (${item.reason}) --`)
  else console.log(JSON.stringify(item.event))
}
