// Sends from one group into another.  node send-cross-group.mjs --src g_src --dst g_dst --text "hello from src" [--to user]
import { parseArgs } from 'node:util'
import { createCccc } from 'signalbox/cccc'
import { ccccDaemon } from 'signalbox/node'

const { values } = parseArgs({
  options: {
    src: { type: 'string' },
    dst: { type: 'string' },
    text: { type: 'string' },
    to: { type: 'string', multiple: true },
  },
})
const { src, dst, text, to } = values
if (!src || !dst || !text) throw new Error('usage: send-cross-group.mjs --src g_src --dst g_dst --text "hello" [--to user]')

await using client = createCccc({ transport: ccccDaemon() })
try {
  const sent = await client.messages.sendCrossGroup({ groupId: src, dstGroupId: dst, text, ...(to ? { to } : {}) })
  console.log(`${sent.src_event.id} -> ${sent.dst_event.id}`)
} catch (error) {
  console.error(`${error.name}: ${error.message}`)
  process.exitCode = 1
}
