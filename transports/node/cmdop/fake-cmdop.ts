#!/usr/bin/env node
/**
 * A fake `cmdop-core`: the simulated core with a relay of its own as a program, to be named where the real one would be. Its credentials
 * come as a real one's do, in CMDOP_TOKEN and CMDOP_API_KEY; CMDOP_FAKE_OPTIONS holds as JSON what else `createCmdopCore()` takes: a name
 * of this kind, because `cmdopCore()` hands on from its `env` what begins with CMDOP_.
 */
import { createCmdopCore, type CmdopCoreOptions } from '../../../src/testing/cmdop/core.js'
import { processStdio } from '../link/stdio.js'

const { CMDOP_TOKEN = '', CMDOP_API_KEY = '', CMDOP_FAKE_OPTIONS = '{}' } = process.env

function optionsOf(text: string): CmdopCoreOptions {
  try {
    return JSON.parse(text) as CmdopCoreOptions
  } catch (cause) {
    process.stderr.write(`CMDOP_FAKE_OPTIONS is no JSON: ${String(cause)}\n`)
    process.exit(2)
  }
}

const core = createCmdopCore({ ...optionsOf(CMDOP_FAKE_OPTIONS), token: CMDOP_TOKEN, apiKey: CMDOP_API_KEY })
// As the real ones: they ignore both, and with an ask open they stay although their stdin has ended.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
const stay = setInterval(() => {}, 2 ** 30)
process.exitCode = await core.serve(processStdio())
if (process.exitCode) process.stderr.write('cmdop-core: what came is no frame\n')
clearInterval(stay)
