/** Runs the gateway until the program is told to stop. */
import { parseGatewayArguments } from './arguments.js'
import { ADMIN_COMMANDS, askGateway } from './gateway-admin.js'
import { startGateway, type Terminal as GatewayTerminal } from './gateway.js'
import type { Program } from './program/command.js'
import { EXIT } from './program/exit-codes.js'

/** After this time of a shutdown the process ends, even if something still hangs. */
const SHUTDOWN_MS = 4_800

export async function runGateway(rawArgs: readonly string[], { terminal, signal }: Program): Promise<number> {
  const out: GatewayTerminal = {
    print: (line) => terminal.out(`${line}\n`),
    complain: (line) => terminal.err(`${line}\n`),
    env: terminal.env,
  }
  if (ADMIN_COMMANDS.includes(rawArgs[0] ?? '')) return askGateway(rawArgs, out)
  const given = parseGatewayArguments(rawArgs)
  // The listeners are added before anything is started, so that an early signal is not missed.
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const running = await startGateway(given, out)
  if (!running) return EXIT.usage
  await stopped
  setTimeout(() => process.exit(EXIT.failure), SHUTDOWN_MS).unref()
  out.complain('Shutting down; clients are told to resume.')
  await running[Symbol.asyncDispose]()
  return EXIT.ok
}
