// Acknowledges attention messages as their recipient, until interrupted.  node auto-ack-attention.mjs --group g_xxx --actor user
import { parseArgs } from 'node:util'
import { createCccc } from 'signalbox/cccc'
import { ccccDaemon } from 'signalbox/node'

const { values } = parseArgs({ options: { group: { type: 'string' }, actor: { type: 'string', default: 'user' } } })
if (!values.group) throw new Error('usage: auto-ack-attention.mjs --group g_xxx [--actor user]')

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())

await using client = createCccc({ transport: ccccDaemon() })
try {
  for await (const outcome of client.autoAck({ groupId: values.group, actorId: values.actor }, { signal: interrupted.signal })) {
    if (outcome.type === 'acked') console.log(`${outcome.event.id} acknowledged`)
    else console.error(`${outcome.event.id}: ${outcome.error.message}`)
  }
} catch (error) {
  if (!interrupted.signal.aborted) {
    console.error(`${error.name}: ${error.message}`)
    process.exitCode = 1
  }
}
