/** A terminal for tests: keeps its output, and takes its input from a list. */
import type { Terminal } from '../../transports/node/cli/terminal/terminal.js'

export interface FakeTerminal extends Terminal {
  written(): string
  complained(): string
  interrupt(): void
}

export function fakeTerminal(
  options: Partial<Omit<Terminal, 'out' | 'err'>> & { readonly typed?: readonly string[]; readonly input?: string } = {},
): FakeTerminal {
  const { typed = [], input = '', ...given } = options
  const left = [...typed]
  let out = ''
  let err = ''
  const interrupts = new Set<() => void>()
  return {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: { USER: 'ann' },
    interactive: false,
    canAsk: left.length > 0,
    color: false,
    canRewrite: false,
    columns: 80,
    readInput: async () => input,
    async *lines() {
      for (const line of input.split('\n')) yield line
    },
    prompt: async () => left.shift(),
    onInterrupt(run) {
      interrupts.add(run)
      return () => void interrupts.delete(run)
    },
    written: () => out,
    complained: () => err,
    interrupt: () => {
      for (const run of interrupts) run()
    },
    ...given,
  }
}
