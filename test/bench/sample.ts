/** One sample in a process of its own, so that no sample pays for another's heap or inherits its warm code. */
import { callSamples } from './calls.js'
import type { FixtureName } from './fixtures.js'
import { streamSamples, type Sample } from './streams.js'

const [name = '', path = '', argument = ''] = process.argv.slice(2)

function take(): Promise<Sample> {
  if (name in streamSamples) return streamSamples[name as keyof typeof streamSamples](argument as FixtureName, path)
  return callSamples[name as keyof typeof callSamples](path, Number(argument))
}

process.send?.(await take())
process.disconnect?.()
