/**
 * The Python and the Go sample. Both read once and take that for a line; here a line of any length is read whole, and an ask that got no
 * answer is told from an empty one.
 * Run: node request.js
 */
import { createCcc } from 'signalbox/ccc'
import { cccSocket } from 'signalbox/node'

await using ccc = createCcc({ transport: cccSocket() })

console.log(await ccc.sessions())

const answer = await ccc.ask({ session: 'myproject', text: 'What tests are failing?', from: 'my-script' })
if (answer.outcome === 'answered') {
  console.log(answer.response)
  if (answer.attribution !== 'own') console.log(`(the answer is ${answer.attribution})`)
} else {
  console.log('delivered, but no answer was captured')
}
