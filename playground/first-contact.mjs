// First contact through the built package: one greeting over every transport, one call to each system's simulator, and the gateway.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { systemContacts } from './contacts/systems.mjs'
import { transportContacts } from './contacts/transports.mjs'

const folder = await mkdtemp(join(tmpdir(), 'signalbox-'))
let failed = 0

async function table(title, contacts) {
  console.log(`  ${title}`)
  for (const [name, contact] of Object.entries(contacts)) {
    const began = performance.now()
    try {
      const said = await contact()
      console.log(`  ok    ${name.padEnd(28)} ${said} (${(performance.now() - began).toFixed(0)} ms)`)
    } catch (error) {
      failed += 1
      console.log(`  FAIL  ${name.padEnd(28)} ${error instanceof Error ? error.message : error}`)
    }
  }
  console.log()
}

console.log('\nFirst contact, through the built package\n')
await table('Transports', transportContacts(folder))
await table('Systems, simulated', systemContacts(folder))
await rm(folder, { recursive: true, force: true })
console.log(failed === 0 ? 'All of them answered.\n' : `${failed} did not answer.\n`)
process.exitCode = failed === 0 ? 0 : 1
