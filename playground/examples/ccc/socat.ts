/**
 * The interactive session of `socat - UNIX-CONNECT:~/.ccc.sock`: a request a line on stdin, an answer a line on stdout. Every request has a
 * connection of its own, so that a ping need not wait behind an ask, and a deadline that fits its command.
 * Run: echo '{"cmd":"sessions"}' | node socat.js
 */
import { createInterface } from 'node:readline'
import { SignalboxError } from 'signalbox'
import { createCcc } from 'signalbox/ccc'
import { cccSocket } from 'signalbox/node'

await using ccc = createCcc({ transport: cccSocket() })

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { cmd, ...fields } = JSON.parse(line) as { cmd: string }
    console.log(JSON.stringify(await ccc.call(cmd, fields)))
  } catch (error) {
    // `sent` says whether it may be sent again.
    const told = SignalboxError.is(error)
      ? { error: error.remoteCode ?? error.message, sent: error.sent }
      : { error: String(error) }
    console.log(JSON.stringify({ ok: false, ...told }))
  }
}
