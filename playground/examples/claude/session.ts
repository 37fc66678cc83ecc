/** A conversation in the terminal: `node session.js`, then type; Ctrl-C interrupts the turn, twice leaves. */
import { createInterface } from 'node:readline/promises'
import { createClaude } from 'signalbox/claude'
import { claudeProcess } from 'signalbox/node'

await using claude = createClaude({ transport: claudeProcess() })
const session = claude.createSession({
  options: {
    includePartial: true,
    canUseTool: async (name, input) => {
      const answer = await terminal.question(`\n${name} ${JSON.stringify(input)} [y/N] `)
      return answer === 'y' ? { behavior: 'allow' } : { behavior: 'deny', message: 'The user said no.' }
    },
  },
})
const terminal = createInterface({ input: process.stdin, output: process.stdout })
terminal.on('SIGINT', () => void session.interrupt().catch(() => process.exit(130)))

for await (const line of terminal) {
  for await (const message of session.sendMessage(line)) {
    if (message.type === 'text' && message.partial) process.stdout.write(message.content)
    if (message.type === 'waiting') process.stdout.write(`\n(waits ${Math.round(message.delayMs / 1000)} s)\n`)
    if (message.type === 'result') process.stdout.write(`\n${message.error?.message ?? ''} $${message.costUsd.toFixed(4)}\n> `)
  }
}
