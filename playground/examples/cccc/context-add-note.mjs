// Adds a note to the shared context of a group.  node context-add-note.mjs --group g_xxx --content "remember to do X"
import { parseArgs } from 'node:util'
import { createCccc } from 'signalbox/cccc'
import { ccccDaemon } from 'signalbox/node'

const { values } = parseArgs({ options: { group: { type: 'string' }, content: { type: 'string' } } })
if (!values.group || !values.content) throw new Error('usage: context-add-note.mjs --group g_xxx --content "remember to do X"')

await using client = createCccc({ transport: ccccDaemon() })
try {
  const { op, result } = await client.context.addNote({ groupId: values.group, content: values.content })
  console.log(`${op}: context version ${result.version}`)
} catch (error) {
  console.error(`${error.name}: ${error.message}`)
  process.exitCode = 1
}
