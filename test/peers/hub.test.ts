/** The hub over every real system that installs: the source suite, and the script from three places. */
import { afterAll, beforeAll, describe } from 'vitest'
import { sourceSuite } from '../../src/testing/hub/index.js'
import { CORE_V2, type CoreVersion } from '../cmdop/real-core.js'
import { scriptCases, type HubScriptContext, type ScriptedSystem } from '../conformance/hub.js'
import { hasChromium, openChromiumPage, type ChromiumPage } from '../hub/chromium-page.js'
import { overGateway } from '../hub/over-gateway.js'
import { registerCases } from '../register-cases.js'
import { RELEASES, type Release } from './cccc/daemon.js'
import { PEERS } from './claude-cli.js'
import { ACP_VERSION, acpAgent, cccc, claudeCli, cmdop } from './hub-systems.js'

// One daemon of 0.4.35 is enough here, and 0.4.2 keeps no client ids.
const isPlayed = ({ name, implementation }: Release): boolean =>
  name !== '0.4.2' && (name !== '0.4.35' || implementation === 'python')
const cores: readonly CoreVersion[] = ['1.0.2', '1.1.1', CORE_V2]

const systems: readonly (readonly [string, ScriptedSystem])[] = [
  ...PEERS.filter(({ version }) => version !== '2.1.197').map((peer) => [`Claude Code ${peer.version}`, claudeCli(peer)] as const),
  ...RELEASES.filter(isPlayed).map((release) => [`CCCC ${release.name} ${release.implementation}`, cccc(release)] as const),
  ...cores.map((version) => [`CMDOP core ${version}`, cmdop(version)] as const),
  [`claude-agent-acp ${ACP_VERSION}`, acpAgent],
]

describe.each(systems)('%s passes the source suite', (_name, { open }) => {
  registerCases(sourceSuite, async (run) => {
    const { source, agent, prompt, asking, lasting, close } = await open()
    try {
      await run({
        source,
        agent,
        prompt,
        ...(asking ? { asking: { text: asking.text, answer: () => asking.answer } } : {}),
        ...(lasting === undefined ? {} : { lasting }),
      })
    } finally {
      await close()
    }
  })
})

describe('the script over every real system', () => {
  let page: ChromiumPage | undefined
  beforeAll(async () => {
    if (hasChromium) page = await openChromiumPage()
  })
  afterAll(() => page?.[Symbol.asyncDispose]())

  const cases = scriptCases(Object.fromEntries(systems))
  const play: NonNullable<HubScriptContext['play']> = async (hub, facts) => page?.play(hub, facts)
  describe('in the process of the hub', () => registerCases(cases, (run) => run({})))
  describe('through the gateway from Node', () => registerCases(cases, (run) => run({ connect: overGateway })))
  describe.skipIf(!hasChromium)('through the gateway from Chromium', () => registerCases(cases, (run) => run({ play })))
})
