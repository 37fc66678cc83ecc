/** Claude Code: a process for each prompt. The CLI cannot say whether it saw a prompt, so an unknown outcome stays unknown. */
import { createClaude } from 'signalbox/claude'
import { createClaudeSimulator, type FakeModel } from 'signalbox/testing'
import { deliverPlainly } from '../plain-client.js'
import { newIds, repeatUnsent, textOf, type Bench, type SideParts } from '../side.js'

const TIMEOUT_MS = 10_000

function simulate({ clock, onKill }: SideParts) {
  const prompts: string[] = []
  // The ledger is what reached the model.
  const model: FakeModel = ({ messages }) => {
    prompts.push(JSON.stringify(messages.at(-1)?.content ?? ''))
    return { kind: 'answer', blocks: [{ type: 'text', text: 'Done.' }], stopReason: 'end_turn' }
  }
  const simulator = createClaudeSimulator({ model, clock })
  onKill(() => simulator.kill())
  return { simulator, prompted: newIds(prompts, (text) => text) }
}

export const bench: Bench = {
  async openOurs(parts) {
    const { simulator, prompted } = simulate(parts)
    const claude = createClaude({ transport: parts.broken(simulator.transport), clock: parts.clock })
    return {
      deliver: (id) => repeatUnsent(parts, () => claude.query(textOf(id), { timeoutMs: TIMEOUT_MS }).text()),
      received: prompted,
      close: () => claude.close(),
    }
  },
  async openPlain(parts) {
    const { simulator, prompted } = simulate(parts)
    const options = {
      transport: parts.broken(simulator.transport),
      launch: {},
      clock: parts.clock,
      timeoutMs: TIMEOUT_MS,
      ending: parts.ending,
      judge: ({ type, subtype }: Record<string, unknown>) => (type === 'result' ? subtype === 'success' : undefined),
      repeated: parts.repeated,
    }
    return {
      deliver: (id) => deliverPlainly(options, () => [{ type: 'user', message: { role: 'user', content: textOf(id) } }]),
      received: prompted,
      async close() {
        simulator.kill()
      },
    }
  },
}
