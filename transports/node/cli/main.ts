#!/usr/bin/env node
/** The program `signalbox`. Nothing heavy is imported here: each command loads its own code. */
import { run } from './program/run.js'
import { nodeTerminal } from './terminal/node-terminal.js'

/** Replaced by the build with the version of the package. */
declare const SIGNALBOX_VERSION: string | undefined

async function main(argv: readonly string[]): Promise<number> {
  const [first, separator, ...words] = argv
  if (first === 'complete' && separator === '--') {
    const [{ complete }, { hubWords }] = await Promise.all([import('./program/complete.js'), import('./hub/words.js')])
    const found = await complete(words, hubWords(process.env))
    if (found.length > 0) process.stdout.write(`${found.join('\n')}\n`)
    return 0
  }
  let interrupts = 0
  // A command may end cleanly at the first ctrl-c; the second always leaves.
  process.on('SIGINT', () => {
    interrupts += 1
    if (interrupts > 1) process.exit(130)
  })
  return run(argv, {
    terminal: nodeTerminal(),
    // A bundle that was not made by the build has no version.
    version: typeof SIGNALBOX_VERSION === 'string' ? SIGNALBOX_VERSION : '0.0.0',
    openHub: async (wish) => (await import('./hub/open-hub.js')).openHub(wish, process.env),
  })
}

process.exitCode = await main(process.argv.slice(2))
