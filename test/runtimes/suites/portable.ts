/** Suites for every runtime, over the built package: no sockets, no files, no process. */
import { catsyphonSuite } from './catsyphon.js'
import { cccSuites } from './ccc.js'
import { ccccSuite } from './cccc.js'
import { claudeSuite } from './claude.js'
import { cmdopSuite } from './cmdop.js'
import { codecSuite } from './codecs.js'
import { entriesSuite } from './entries.js'
import { gatewaySuite } from './gateway.js'
import { hubSuite } from './hub.js'
import { runSuites, type Environment, type Suite, type SuiteReport, type Watch } from './environment.js'
import { storeSuite } from './store.js'
import { webSuites } from './web.js'

const suites: readonly Suite[] = [
  entriesSuite,
  codecSuite,
  storeSuite,
  ...webSuites,
  catsyphonSuite,
  ccccSuite,
  ...cccSuites,
  claudeSuite,
  cmdopSuite,
  gatewaySuite,
  hubSuite,
]

export function environment(peers: string, runtime: string): Environment {
  return { runtime, ws: (peer) => `${peers}/${peer}` }
}

export function run(peers: string, runtime: string, more: readonly Suite[] = [], watch?: Watch): Promise<SuiteReport[]> {
  return runSuites([...suites, ...more], environment(peers, runtime), watch)
}

// The entry for workerd.
export default {
  async fetch(request: Request): Promise<Response> {
    const peers = new URL(request.url).searchParams.get('peers') ?? ''
    return Response.json(await run(peers, 'workerd'))
  },
}
