/** One sample in a process of its own, so that no sample pays for another's heap or inherits its compiled code. */
import type { Given, Measured } from './measure.js'
import { catsyphonSamples } from './samples/catsyphon.js'
import { ccccSamples } from './samples/cccc.js'
import { claudeSamples } from './samples/claude.js'
import { cmdopSamples } from './samples/cmdop.js'
import { gatewaySamples } from './samples/gateway.js'
import { hubSamples } from './samples/hub.js'
import { importSamples } from './samples/imports.js'
import { linkSamples } from './samples/links.js'
import { relaySamples } from './samples/relay.js'
import { streamSamples } from './samples/streams.js'
import { turnSamples } from './samples/turns.js'

const SAMPLES: Readonly<Record<string, Measured>> = {
  ...catsyphonSamples,
  ...ccccSamples,
  ...claudeSamples,
  ...cmdopSamples,
  ...gatewaySamples,
  ...hubSamples,
  ...importSamples,
  ...linkSamples,
  ...relaySamples,
  ...streamSamples,
  ...turnSamples,
}
const [name = '', given = '{}'] = process.argv.slice(2)
const measured = SAMPLES[name]
if (!measured) throw new Error(`There is no sample ${name}`)
const sample = await measured(JSON.parse(given) as Given)
// A profile is written only by a process that ends by itself.
process.send?.(sample, () => process.exit())
