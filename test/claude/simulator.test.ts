/** The simulator against the recordings: each scenario's arguments and input, and the same sequence of lines and the same exit as the real CLI. */
import { describe, expect, test } from 'vitest'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { memoryPair } from '../../src/testing/memory-link.js'
import { memorySessions } from '../../src/testing/claude/conversation.js'
import { scriptedModel } from '../../src/testing/claude/fake-model.js'
import { generationOf } from '../../src/testing/claude/generation.js'
import { runProcess } from '../../src/testing/claude/process.js'
import {
  GENERATIONS,
  hasOutput,
  indexOf,
  sequenceOf,
  stdinOf,
  stdoutOf,
  type About,
  type GenerationName,
  type Line,
} from './recordings.js'
import { NOT_MODELLED } from './not-modelled.js'

const SCENARIOS = GENERATIONS.flatMap((version) =>
  Object.entries(indexOf(version))
    .filter(([name]) => NOT_MODELLED[name] === undefined && NOT_MODELLED[`${version}/${name}`] === undefined)
    .map(([name, about]) => ({ version, name, about })),
)

const ENVIRONMENT = { ANTHROPIC_API_KEY: 'sk-ant-recorded', ANTHROPIC_BASE_URL: 'http://127.0.0.1:8787' }

/** Runs the scenario as it was recorded: what was sent is sent again, an answer when its question has come. */
async function play(version: GenerationName, name: string, about: About) {
  const env: Record<string, string | undefined> = { ...ENVIRONMENT, ...about.env_extra }
  for (const removed of about.env_removed ?? []) env[removed] = undefined
  const [near, far] = memoryPair()
  const killed = new AbortController()
  const written: Line[] = []
  const seen: { at: number; check(): void }[] = []
  const sessions = memorySessions()
  // The session that an earlier scenario of the recording had made.
  const earlier = about.args.find((arg) => arg.startsWith('7e5e0000-'))
  if (earlier !== undefined && name !== 'resume-1-new') sessions.set(earlier, [{ role: 'user', content: 'earlier' }])
  const running = runProcess({
    generation: generationOf(version),
    args: about.args.map((arg) => arg.replace(/^FAKE:sleep:30$/, 'FAKE:sleep:300')),
    env,
    link: far,
    sessions,
    files: new Map([['/workspace/notes.txt', 'first line\nsecond line\n']]),
    killed: killed.signal,
    // The recordings were made as root.
    root: true,
  }).then(async (exit) => {
    await far.end()
    return exit
  })
  const decoder = ndjsonDecoder<Line>()
  const reading = (async () => {
    for (let chunk = await near.read(); chunk !== null; chunk = await near.read()) {
      for (const line of decoder.push(chunk)) {
        written.push(line)
        for (const waiter of seen) waiter.check()
      }
    }
    for (const waiter of seen) waiter.check()
  })()
  const patience = setTimeout(() => killed.abort(), 30_000)
  let over = false
  void reading.then(() => {
    over = true
    for (const waiter of seen) waiter.check()
  })
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const waiter = {
        at: 0,
        check() {
          if (condition() || over) resolve()
        },
      }
      seen.push(waiter)
      waiter.check()
    })

  // A one-shot run was started with its stdin closed.
  if (stdinOf(version, name).every((line) => line.type === undefined && line['#'] !== 'raw')) await near.end()
  const recorded = stdoutOf(version, name)
  const sentTimes = about.sent_times_ms ?? []
  const lineTimes = about.line_times_ms ?? []
  const requests = new Map<string, string>()
  let questions = 0
  for (const [index, line] of stdinOf(version, name).entries()) {
    // The line is sent only when the simulator has written as many lines as the real CLI had written at that moment.
    const before = lineTimes.filter((time) => time < (sentTimes[index] ?? 0)).length
    const needed = sequenceOf(recorded.slice(0, before)).length
    const all = line['#'] === 'signal SIGTERM' ? sequenceOf(recorded).length : needed
    await until(() => sequenceOf(written).length >= all)
    if (typeof line['#'] === 'string') {
      if (line['#'] === 'stdin closed') await near.end()
      if (line['#'] === 'signal SIGTERM') killed.abort()
      if (line['#'].startsWith('raw')) await near.write(new TextEncoder().encode(String(line.raw)))
      continue
    }
    if (line.type !== 'control_response') {
      await near.write(encodeNdjson(line)).catch(() => {})
      continue
    }
    const response = line.response as Line
    const recordedId = String(response.request_id)
    const asked = (): Line | undefined => written.filter(({ type }) => type === 'control_request')[questions]
    await until(() => asked() !== undefined)
    const question = asked()
    questions += 1
    if (question) requests.set(recordedId, String(question.request_id))
    await near.write(encodeNdjson({ ...line, response: { ...response, request_id: requests.get(recordedId) } })).catch(() => {})
  }
  await near.end().catch(() => {})
  const exit = await running
  await reading
  clearTimeout(patience)
  return { exit, written }
}

describe('the simulator and the recordings', () => {
  for (const version of GENERATIONS) {
    test(`[claude.simulator-recordings] ${version}: same lines, same exit, in every scenario that is modelled`, async () => {
      const differences: Record<string, unknown> = {}
      let compared = 0
      for (const { name, about } of SCENARIOS.filter((scenario) => scenario.version === version)) {
        if (!hasOutput(version, name) && about.stdout_lines > 0) continue
        const { exit, written } = await play(version, name, about)
        const expected = sequenceOf(stdoutOf(version, name))
        const actual = sequenceOf(written)
        compared += 1
        if (JSON.stringify(actual) !== JSON.stringify(expected) || exit.exitCode !== about.exit_code) {
          differences[name] = {
            expected: expected.join(' '),
            actual: actual.join(' '),
            exit: [about.exit_code, exit.exitCode],
            stderr: exit.stderr,
          }
        }
      }
      expect(differences).toEqual({})
      expect(compared).toBeGreaterThan(60)
    }, 120_000)
  }
})

test('[claude.sim-joined-prompts] two slow prompts that the CLI joined into one message give the slow answer of the first', () => {
  const messages = [{ role: 'user', content: 'FAKE:slow:3\nFAKE:slow:400' }]
  expect(scriptedModel({ model: 'claude-opus-5-5', messages, attempt: 0 })).toMatchObject({
    blocks: [{ text: 'tick 0 tick 1 tick 2 ' }],
    paceMs: 50,
  })
})
