/**
 * Asks a machine, with its PIN and its plans answered from the terminal. Needs a core (`pip install cmdop`) and CMDOP_TOKEN; without
 * a core, `--simulated` takes the simulated one of the testing kit.
 * Run: node ask.mjs [--simulated] <machine id> "df -h"
 */
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { createCmdop } from 'signalbox/cmdop'
import { cmdopCore } from 'signalbox/node'
import { simulatedId } from 'signalbox/testing'

const simulated = process.argv.includes('--simulated')
const [machine = simulated ? simulatedId(1, 1) : '', prompt = 'uptime'] = process.argv
  .slice(2)
  .filter((word) => word !== '--simulated')
const transport = simulated
  ? cmdopCore({
      binaryPath: process.execPath,
      args: [fileURLToPath(import.meta.resolve('signalbox/testing/fake-cmdop'))],
      env: { CMDOP_TOKEN: 't' },
    })
  : cmdopCore()

const cmdop = createCmdop({ transport })
const terminal = createInterface({ input: process.stdin, output: process.stdout })
try {
  const stream = cmdop.machines.ask(machine, prompt)
  for await (const frame of stream) {
    if (frame.type === 'event') process.stdout.write(frame.payload?.delta ?? '')
    else if (frame.type === 'pin_required') await stream.pin(frame.challengeId, await terminal.question('PIN: '))
    else if (frame.type === 'pin_denied') console.log(`denied: ${frame.reason}`)
    else if (frame.type === 'error') console.log(`failed: ${frame.message}`)
    else if (frame.type === 'confirm_required') {
      const answer = await terminal.question(`${frame.plan} (${frame.dangerLevel}). Go ahead? [y/N] `)
      await stream.confirm(frame.token, answer === 'y')
    } else if (frame.type === 'done') console.log(frame.success ? '' : `\nnot done: ${frame.error || frame.text}`)
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  terminal.close()
  await cmdop.close()
}
