/**
 * What people do with `nc -U ~/.ccc.sock -q 1`, without its traps: no timeout that cuts an ask off, no shell quoting, no half line.
 * Run: node netcat.js sessions | ask <session> <text> | history <session>
 */
import { createCcc } from 'signalbox/ccc'
import { cccSocket } from 'signalbox/node'

const [command = 'sessions', session = '', ...words] = process.argv.slice(2)
await using ccc = createCcc({ transport: cccSocket() })

if (command === 'sessions') {
  for (const { name, host, status } of await ccc.sessions()) console.log(name, host, status)
} else if (command === 'ask') {
  const answer = await ccc.ask({ session, text: words.join(' ') })
  console.log(answer.outcome === 'answered' ? answer.response : 'no answer yet')
} else if (command === 'history') {
  for (const { from, text, transcription, caption } of await ccc.history({ session, limit: 10 })) {
    console.log(`${from}: ${text ?? transcription ?? caption ?? ''}`)
  }
} else {
  console.error(`unknown command ${command}`)
  process.exitCode = 2
}
