// Sends a message.  node send.mjs --group g_xxx --text "hello" [--to peer1 --to user] [--by user]
import { parseArgs } from 'node:util'
import { createCccc } from 'signalbox/cccc'
import { ccccDaemon } from 'signalbox/node'

const { values } = parseArgs({
  options: {
    group: { type: 'string' },
    text: { type: 'string' },
    to: { type: 'string', multiple: true },
    by: { type: 'string', default: 'user' },
  },
})
if (!values.group || !values.text) throw new Error('usage: send.mjs --group g_xxx --text "hello" [--to ACTOR] [--by user]')

await using client = createCccc({ transport: ccccDaemon() })
try {
  const { event } = await client.messages.send({
    groupId: values.group,
    text: values.text,
    by: values.by,
    ...(values.to ? { to: values.to } : {}),
  })
  console.log(event.id)
} catch (error) {
  // A group without agents has nobody to deliver to, unless the message is for the user.
  console.error(error.remoteCode === 'no_enabled_recipients' ? 'nobody to deliver to; try --to user' : error.message)
  process.exitCode = 1
}
