/** Recordings of the journal and of a wire, and what plays them back. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import { createCcc } from '../../src/ccc/index.js'
import { createHub, type Hub, type HubEvent } from '../../src/hub/index.js'
import { createRedactor } from '../../src/redact.js'
import { createAcpAgentSimulator, createCccSimulator, type SimulatedAcpScript } from '../../src/testing/index.js'
import { cccSocket, listenUnix } from '../../transports/node/index.js'
import { createEventMask } from '../../transports/node/cli/recording/event-mask.js'
import { readRecording } from '../../transports/node/cli/recording/file.js'
import { simulatedAgents } from '../../transports/node/cli/recording/simulated-agents.js'
import { listenAt, recordWire, replayWire, wireOf } from '../../transports/node/cli/recording/wire.js'
import { createRecording } from '../../transports/node/cli/recording/file.js'
import { fakeTerminal } from './fake-terminal.js'
import { programOn } from './program-on.js'
import { eventually } from '../eventually.js'

const SECRET = 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789'
let folder: string
const hubs: Hub[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-record-'))
})
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close()
  rmSync(folder, { recursive: true, force: true })
})

async function hubOf(script: SimulatedAcpScript) {
  const agent = createAcpAgentSimulator({ script })
  const hub = await createHub({ sources: [acpSource({ transport: agent.transport, cwd: '/work' })] })
  hubs.push(hub)
  const go = programOn(hub)
  return { hub, go }
}

const says = (text: string) => ({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
const asking: SimulatedAcpScript = async ({ text, request, sessionId, update }) => {
  await update(says(`Heard ${text}. `))
  const answer = (await request('session/request_permission', {
    sessionId,
    toolCall: { toolCallId: 't', title: 'Run make', kind: 'execute', rawInput: { command: 'make', token: SECRET } },
    options: [
      { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
      { optionId: 'no', name: 'Reject', kind: 'reject_once' },
    ],
  })) as { outcome: { optionId?: string } }
  await update(says(`Chosen: ${answer.outcome.optionId}.`))
  return 'end_turn'
}

describe('the journal', () => {
  test('a recording has every event, no secret, and is readable by its user alone [cli.record]', async () => {
    const { hub, go } = await hubOf(asking)
    const file = join(folder, 'work.jsonl')
    const terminal = fakeTerminal({ env: { USER: 'ann', DEPLOY_TOKEN: 'a-very-plain-word' } })
    const recording = go(['record', file, '--json'], terminal)
    await eventually(() => expect(readFileSync(file, 'utf8').split('\n').length).toBeGreaterThan(2))
    const turn = hub.prompt('acp/main', `use ${SECRET} and a-very-plain-word`)
    const ask = await eventually(async () => (await hub.asks())[0] ?? expect.fail('no ask yet'))
    await hub.answer(ask.id, { option: 'yes' })
    await turn.end()
    await eventually(() => expect(readFileSync(file, 'utf8')).toContain('"kind":"end"'))
    terminal.interrupt()
    const { code, out } = await recording
    const text = readFileSync(file, 'utf8')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ file, recorded: text.trimEnd().split('\n').length - 1 })
    expect(text).not.toContain(SECRET)
    expect(text).not.toContain('a-very-plain-word')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await go(['record', file])).toMatchObject({ code: 1, err: expect.stringContaining('exists already') })
  })

  test('a secret that is divided between two parts of a message is not written [cli.record]', () => {
    const { take, rest } = createEventMask(createRedactor())
    const part = (id: string, text: string, how = 'append', partial = true) =>
      ({ kind: 'message', agent: 'a', role: 'agent', id, text, how, partial, seq: 1 }) as unknown as HubEvent
    const written = [
      ...take(part('m', 'Use sk-ant-api03-abcdefghij')),
      ...take(part('m', 'klmnopqrstuvwxyz0123456789')),
      ...take(part('m', `Use ${SECRET}`, 'replace', false)),
      ...take(part('n', 'Plain ')),
      ...take(part('n', 'text')),
      ...take(part('n', 'Plain text', 'replace', false)),
      ...take(part('o', 'Begun sk-ant-api03-abcdefghij')),
      ...take(part('o', 'klmnopqrstuvwxyz0123456789')),
      ...rest(),
    ]
    expect(JSON.stringify(written)).not.toMatch(/sk-ant|klmnop/)
    expect(written.map((event) => (event.kind === 'message' ? event.text : ''))).toEqual([
      'Use [redacted]',
      'Plain ',
      'text',
      'Plain text',
      'Begun [redacted]',
    ])
  })

  test('a recorded agent answers, asks and ends as it did [cli.replay]', async () => {
    const { hub } = await hubOf(asking)
    const seen: HubEvent[] = []
    const over = new AbortController()
    const watching = (async () => {
      for await (const event of hub.watch({ from: 'oldest', signal: over.signal })) seen.push(event)
    })().catch(() => {})
    const turn = hub.prompt('acp/main', 'hello')
    const ask = await eventually(async () => (await hub.asks())[0] ?? expect.fail('no ask yet'))
    await hub.answer(ask.id, { option: 'no' })
    await turn.end()
    await eventually(() => expect(seen.some(({ kind }) => kind === 'end')).toBe(true))
    over.abort()
    await watching

    const again = await createHub({ sources: simulatedAgents(seen, { speed: Number.POSITIVE_INFINITY }) })
    hubs.push(again)
    expect(await again.agents()).toMatchObject([{ id: 'acp/main', system: 'acp' }])
    for (const text of ['hello', 'something else']) {
      const replayed = again.prompt('acp/main', text)
      const asked = await eventually(async () => (await again.asks())[0] ?? expect.fail('no ask yet'))
      expect(asked).toMatchObject({ title: ask.title, options: ask.options })
      await again.answer(asked.id, { option: 'no' })
      expect(await replayed.text()).toBe('Heard hello. Chosen: no.')
    }
  })

  test('a recording is printed for a person and as JSON lines; another file is refused [cli.replay]', async () => {
    const { hub, go } = await hubOf(async ({ update }) => {
      await update(says('Done.'))
      return 'end_turn'
    })
    await hub.prompt('acp/main', 'hello').end()
    const file = join(folder, 'work.jsonl')
    expect((await go(['record', file, '--from', 'oldest', '--for', '300ms'])).code).toBe(0)
    expect((await go(['replay', file])).out).toContain('acp/main says: Done.')
    const lines = (await go(['replay', file, '--json'])).out.trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as HubEvent).kind)).toContain('end')
    writeFileSync(join(folder, 'other.json'), '{"a": 1}\n')
    expect(await go(['replay', join(folder, 'other.json')])).toMatchObject({ code: 2, out: '' })
    // A killed recorder leaves half a line.
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -20))
    await expect(readRecording(file)).resolves.toMatchObject({ recording: 'hub' })
  })
})

describe('a wire', () => {
  test('a client talks through the recorder; the recording then plays the system, and a strange line is a fault [cli.record]', async () => {
    const simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }] })
    const real = join(folder, 'real.sock')
    void simulator.listen(await listenUnix({ path: real }))
    const near = join(folder, 'near.sock')
    const file = join(folder, 'wire.jsonl')
    const over = new AbortController()
    const problems: string[] = []
    const options = { env: {}, signal: over.signal, onProblem: (text: string) => void problems.push(text) }
    const writer = await createRecording(file, { recording: 'wire', system: 'ccc' })
    const recording = recordWire(await listenAt(near), wireOf('ccc', { hub: '', ccc: real }), writer, options)
    const live = createCcc({ transport: cccSocket({ path: near }) })
    const sessions = await live.sessions()
    await live.close()
    over.abort()
    expect(await recording).toBeGreaterThan(3)
    await writer[Symbol.asyncDispose]()
    await simulator.stop()
    expect(problems).toEqual([])

    const read = await readRecording(file)
    if (read.recording !== 'wire') throw new Error('not a wire')
    const done = new AbortController()
    const replaying = replayWire(await listenAt(near), read.lines, { ...options, signal: done.signal })
    const replayed = createCcc({ transport: cccSocket({ path: near }) })
    expect(await replayed.sessions()).toEqual(sessions)
    await replayed.close()
    const other = createCcc({ transport: cccSocket({ path: near }) })
    await expect(other.ping()).rejects.toThrow()
    await other.close()
    await eventually(() => expect(problems.join()).toMatch(/recording has/))
    done.abort()
    await replaying
  })

  test('recording the wire of a process is refused, and the error names what to use instead [cli.record]', () => {
    expect(() => wireOf('claude', { hub: '' })).toThrow(/cannot be recorded/)
  })
})
