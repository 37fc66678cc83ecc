/** The simulated agent against the recordings of a real one: the same steps, the same shapes, the same order. */
import { describe, expect, test } from 'vitest'
import { createAcpAgentSimulator, createFakeClock } from '../../src/testing/index.js'
import { createAcpScript } from '../../src/testing/demo/acp-script.js'
import { acpRecording, kindsOf, pathsOf, recordingNames, shapesOf, type RecordedLine } from './recordings.js'
import { record, SCENARIOS, type Driver } from './scenarios.js'

const real = recordingNames().map((name) => acpRecording(name).lines)

/** What the real agent sends beside the answer: it depends on the product behind the agent, so a script sends it or nobody. */
const EXTRA = /available_commands_update|usage_update|session_info_update|_auth\/|notice/
/** Members that the real agent has and the stable protocol or the simulator has not. */
const NOT_SIMULATED = /providers|systemPrompt|\.usage|configOptions\[\]|availableModes\[\]/

/** All paths of each kind of line of the real agent, and those that every line of the kind has. */
function realShapes() {
  const all = new Map<string, Set<string>>()
  const always = new Map<string, Set<string>>()
  for (const lines of real) {
    for (const [index, kind] of kindsOf(lines).entries()) {
      const paths = new Set(pathsOf(lines[index]?.message))
      all.set(kind, new Set([...(all.get(kind) ?? []), ...paths]))
      always.set(kind, new Set([...(always.get(kind) ?? paths)].filter((path) => paths.has(path))))
    }
  }
  // One type of the protocol: an agent may fill a tool call at once or with the updates that follow.
  const tool = new Set(['tool_call', 'tool_call_update'].flatMap((kind) => [...(all.get(`session/update ${kind}`) ?? [])]))
  return { all: new Map([...all, ['session/update tool_call', tool], ['session/update tool_call_update', tool]]), always }
}

const simulated = async (name: string): Promise<readonly RecordedLine[]> => {
  const scenario = SCENARIOS[name]
  if (!scenario) throw new Error(`no scenario ${name}`)
  return record(createAcpAgentSimulator().transport, `/srv/ann/${name}/work`, scenario, 5)
}

/** A turn of the demo, whose script has thoughts, a plan, tools and a permission. */
async function demo(): Promise<readonly RecordedLine[]> {
  const clock = createFakeClock()
  const { transport } = createAcpAgentSimulator({ script: createAcpScript(clock) })
  let over = false
  const drive = async (driver: Driver): Promise<void> => {
    await driver.request('initialize', { protocolVersion: 1 })
    const { result } = await driver.request('session/new', { cwd: driver.cwd, mcpServers: [] })
    const { sessionId } = result as { sessionId: string }
    driver.onRequest(() => ({ outcome: { outcome: 'selected', optionId: 'once' } }))
    await driver.request('session/prompt', { sessionId, prompt: [{ type: 'text', text: 'The order page is slow.' }] })
    over = true
  }
  const lines = record(transport, '/srv', drive, 5)
  while (!over) await clock.advance(500)
  return lines
}

const STEPS = ['prompt', 'sessions', 'options', 'logout', 'errors']

describe('the simulated ACP agent', () => {
  test.each([...STEPS, 'demo'])(
    '%s: each line has only members and types that the real agent has [acp.simulator]',
    async (name) => {
      const { all, always } = realShapes()
      const lines = name === 'demo' ? await demo() : await simulated(name)
      const shapes = [...shapesOf(lines)].filter(([kind]) => all.has(kind))
      expect(shapes.length).toBeGreaterThan(3)
      for (const [kind, paths] of shapes) {
        const missing = [...paths].filter((path) => !all.get(kind)?.has(path))
        const left = [...(always.get(kind) ?? [])].filter(
          (path) => !paths.has(path) && !/_meta|rawInput\.|rawOutput|error\.data/.test(path),
        )
        expect({ kind, added: missing }).toEqual({ kind, added: [] })
        if (name !== 'demo') expect({ kind, left: left.filter((path) => !NOT_SIMULATED.test(path)) }).toEqual({ kind, left: [] })
      }
    },
  )

  test.each(['prompt', 'sessions', 'options', 'logout'])(
    '%s: its lines come in the order of the recording [acp.simulator]',
    async (name) => {
      const order = (lines: readonly RecordedLine[]) =>
        kindsOf(lines).filter((kind, index, kinds) => !EXTRA.test(kind) && kind !== kinds[index - 1])
      const once = (kinds: readonly string[]) => kinds.filter((kind, index) => kind !== kinds[index - 1])
      expect(once(order(await simulated(name)))).toEqual(once(order(acpRecording(name).lines)))
    },
  )

  test('an error has the code of the real agent [acp.simulator]', async () => {
    const codes = (lines: readonly RecordedLine[]) => {
      const kinds = kindsOf(lines)
      return lines.flatMap(({ message }, index) =>
        message.error ? [[kinds[index], (message.error as { code: number }).code]] : [],
      )
    }
    const before = (lines: readonly RecordedLine[]) => codes(lines).slice(0, 5)
    expect(before(await simulated('errors'))).toEqual(before(acpRecording('errors').lines))
    expect(codes(await simulated('options'))).toEqual(codes(acpRecording('options').lines))
  })
})
