#!/usr/bin/env node
/**
 * A fake `cmdop-core`: the simulated core and its relay as an executable, to be started in place of the real core. It reads its
 * credentials from CMDOP_TOKEN and CMDOP_API_KEY, as the real core does. CMDOP_FAKE_OPTIONS holds further options of `createCmdopCoreSimulator()`
 * as JSON; the name starts with CMDOP_ because `cmdopCore()` passes such variables on to its child.
 */
import { fileURLToPath } from 'node:url'
import { createCmdopCoreSimulator, type CmdopCoreSimulatorOptions } from '../../../src/testing/cmdop/core.js'
import { isMainModule } from '../link/is-main-module.js'
import { processStdio } from '../link/stdio.js'

/** The path of this executable, for `cmdopCore({ binaryPath: fakeCmdop })`. Importing the module starts nothing. */
export const fakeCmdop: string = fileURLToPath(import.meta.url)

function optionsOf(text: string): CmdopCoreSimulatorOptions {
  try {
    return JSON.parse(text) as CmdopCoreSimulatorOptions
  } catch (cause) {
    process.stderr.write(`CMDOP_FAKE_OPTIONS is not JSON: ${String(cause)}\n`)
    process.exit(2)
  }
}

async function main(): Promise<void> {
  if (process.argv.includes('--version')) {
    process.stdout.write(`${optionsOf(process.env.CMDOP_FAKE_OPTIONS ?? '{}').version ?? '1.1.0'}\n`)
    process.exit(0)
  }
  const { CMDOP_TOKEN = '', CMDOP_API_KEY = '', CMDOP_FAKE_OPTIONS = '{}' } = process.env
  const core = createCmdopCoreSimulator({ ...optionsOf(CMDOP_FAKE_OPTIONS), token: CMDOP_TOKEN, apiKey: CMDOP_API_KEY })
  // The real cores ignore both signals. With an ask open they stay although their stdin has ended.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
  const stay = setInterval(() => {}, 2 ** 30)
  process.exitCode = await core.serve(processStdio())
  if (process.exitCode) process.stderr.write('cmdop-core: the input is not a frame\n')
  clearInterval(stay)
}

if (isMainModule(import.meta.url)) await main()
