import { SignalboxError } from '../../../../src/errors.js'
import { command, JSON_ARG } from '../program/command.js'
import { portOf } from './port.js'

const KNOWN = ['ccc', 'cccc', 'claude', 'cmdop', 'catsyphon'] as const

export default command({
  examples: [
    ['signalbox simulate ccc --socket /tmp/ccc.sock', 'a CCC server on a unix socket'],
    ['signalbox simulate cccc --port 9000', 'a CCCC daemon on a TCP port'],
    ['signalbox simulate claude', 'the path of an executable that behaves like the Claude Code CLI'],
  ],
  args: {
    system: { type: 'positional', required: true, description: KNOWN.join(', ') },
    socket: { type: 'string', description: 'the unix socket to listen on', valueHint: 'path' },
    port: { type: 'string', description: 'the TCP port to listen on, on loopback; 0 for any', valueHint: 'port' },
    ...JSON_ARG,
  },
  async run({ system, socket, port, json }, { terminal, signal }) {
    const print = (found: { readonly address: string } | { readonly path: string }): void =>
      terminal.out(`${json ? JSON.stringify(found) : Object.values(found)[0]}\n`)
    const { startSimulator, executableOf } = await import('../machine/simulators.js')
    if (system === 'claude' || system === 'cmdop') {
      print({ path: executableOf(system) })
      return 0
    }
    if (system !== 'ccc' && system !== 'cccc' && system !== 'catsyphon') {
      throw new SignalboxError({
        code: 'invalid_argument',
        message: `There is no simulator of "${system}".`,
        hint: `Known are ${KNOWN.join(', ')}.`,
      })
    }
    const { address, stop } = await startSimulator(system, { socket, port: portOf(port) })
    print({ address })
    terminal.err('Ctrl-c stops it.\n')
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await stop()
    return 0
  },
})
