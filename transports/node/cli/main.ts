#!/usr/bin/env node
/** The command line. */
import { SignalboxError } from '../../../src/errors.js'
import { HELP, parseGatewayArguments } from './arguments.js'
import { detect } from './detect.js'
import { ADMIN_COMMANDS, askGateway } from './gateway-admin.js'
import { startGateway, type Terminal } from './gateway.js'

const terminal: Terminal = {
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
  env: process.env,
}
/** After this much of a shutdown the process ends, whatever still hangs. */
const LAST_WORD_MS = 4_800

async function main([command, ...rest]: readonly string[]): Promise<number> {
  if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
    terminal.print(HELP)
    return command === undefined ? 2 : 0
  }
  if (command === 'detect') {
    for (const { name, found, why } of await detect()) terminal.print(`${name.padEnd(10)} ${found ?? `no: ${why}`}`)
    return 0
  }
  if (command !== 'gateway')
    throw new SignalboxError({ code: 'invalid_argument', message: `There is no command "${command}".`, hint: HELP })
  if (ADMIN_COMMANDS.includes(rest[0] ?? '')) return askGateway(rest, terminal)
  const given = parseGatewayArguments(rest)
  if (given.help) {
    terminal.print(HELP)
    return 0
  }
  // Listened for before anything is started, so that an early signal finds its handler.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const running = await startGateway(given, terminal)
  if (!running) return 2
  await stopped
  setTimeout(() => process.exit(1), LAST_WORD_MS).unref()
  terminal.complain('Shutting down; clients are told to resume.')
  await running[Symbol.asyncDispose]()
  return 0
}

// A terminal that goes away must not end what it started in the middle of a write.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  terminal.complain(
    SignalboxError.is(error) ? error.message : `signalbox failed: ${error instanceof Error ? error.message : String(error)}`,
  )
  process.exitCode = 1
}
