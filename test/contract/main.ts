/** The contract on whichever runtime runs this file: prints a line per failure and ends with 1 if there is one. */
import { fileURLToPath } from 'node:url'
import * as entry from '../../transports/node/index.js'
import { played } from './programs.js'
import { contractSuites, selfProgram } from './runtime.js'

if (!(await played(entry, process.argv.slice(2)))) {
  const only = process.argv[2]
  let failed = 0
  for (const { name, run } of contractSuites(entry, selfProgram(fileURLToPath(import.meta.url)))) {
    if (only !== undefined && !name.includes(only)) continue
    const results = await run()
    const bad = results.filter(({ outcome }) => outcome === 'failed')
    failed += bad.length
    console.log(`${name}: ${results.filter(({ outcome }) => outcome === 'passed').length} passed, ${bad.length} failed`)
    for (const { id, title, detail } of bad)
      console.log(`  [${id}] ${title}\n    ${detail?.split('\n').slice(0, 6).join('\n    ')}`)
  }
  process.exitCode = failed > 0 ? 1 : 0
}
