/** The counterparts of the published samples, run as programs in a home of their own, against a simulated server. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCccSimulator, type CccSimulator } from '../../src/testing/index.js'
import { listenUnix } from '../../transports/node/index.js'
import { buildExamples, removeExamples } from '../build-examples.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const NAMES = ['netcat', 'socat', 'request', 'orchestrator', 'monitor', 'ci']

let folder: string
let out: string
let simulator: CccSimulator

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccc-ex-'))
  out = await buildExamples(
    'ccc',
    NAMES.map((name) => `${name}.ts`),
  )
  simulator = createCccSimulator({
    timeScale: 0.002,
    sessions: [{ name: 'myproject', running: true }, { name: 'backend', running: true }, { name: 'asleep' }],
  })
  void simulator.listen(await listenUnix({ path: join(folder, '.ccc.sock') }))
})
afterAll(async () => {
  await simulator.stop()
  await rm(folder, { recursive: true, force: true })
  await removeExamples(out)
})

function start(name: string, args: readonly string[], home = folder): ChildProcess {
  const env = { ...process.env, HOME: home }
  return spawn(process.execPath, [join(out, `${name}.mjs`), ...args], { env, stdio: 'pipe' })
}

async function run(
  name: string,
  args: readonly string[] = [],
  { input = '', home }: { input?: string; home?: string } = {},
): Promise<{ code: number | null; lines: string[]; errors: string }> {
  const child = start(name, args, home)
  let text = ''
  let errors = ''
  child.stdout?.on('data', (chunk) => {
    text += String(chunk)
  })
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk)
  })
  child.stdin?.end(input)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, lines: text.trim().split('\n'), errors }
}

describe('the examples [ccc.examples]', () => {
  test('each published example is run', async () => {
    const files = await readdir(join(root, 'playground/examples/ccc'))
    expect(files.sort()).toEqual(NAMES.map((name) => `${name}.ts`).sort())
  })

  test('nc: sessions, an ask, the history', async () => {
    expect((await run('netcat', ['sessions'])).lines).toEqual(['asleep local idle', 'backend local idle', 'myproject local idle'])
    expect((await run('netcat', ['ask', 'myproject', 'Hello', '[[reply Hi]]'])).lines).toEqual(['Hi'])
    expect((await run('netcat', ['history', 'myproject'])).lines).toEqual(['api: Hello [[reply Hi]]', 'claude: Hi'])
  })

  test('socat: a line in, a line out', async () => {
    const input = '{"cmd":"ping"}\n{"cmd":"history","session":"nope"}\nnot json\n'
    const { lines } = await run('socat', [], { input })
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { ok: true, version: '1.12.5', sessions_active: 3 },
      { ok: false, error: 'session not found', sent: 'no' },
      { ok: false },
    ])
  })

  test('Python and Go: a request and its answer', async () => {
    const { lines, code } = await run('request')
    expect(code).toBe(0)
    expect(lines.at(-1)).toMatch(/^echo \d+: What tests are failing\?$/)
  })

  test('an orchestrator asks several sessions at the same time and reports each outcome', async () => {
    const { lines } = await run('orchestrator', ['Run tests [[reply 47 pass]]', 'backend', 'myproject', 'nope'])
    expect(lines.slice(0, 2)).toEqual(['backend: 47 pass', 'myproject: 47 pass'])
    expect(lines[2]).toMatch(/^nope: not asked: .*session not found/)
    expect((await run('orchestrator', ['x [[nohook]]', 'backend'])).lines).toEqual(['backend: still at work'])
  })

  test('a monitor reports each change, until it is interrupted', async () => {
    const child = start('monitor', [])
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += String(chunk)
    })
    const gone = new Promise<number | null>((resolve) => child.once('close', resolve))
    await expect.poll(() => text, { timeout: 30_000 }).toContain('asleep: stopped')
    simulator.start('asleep')
    await expect.poll(() => text, { timeout: 30_000 }).toContain('asleep: idle')
    child.kill('SIGINT')
    expect(await gone).toBe(0)
    expect(text.split('\n')[0]).toBe('watching asleep, backend, myproject')
  })

  test('CI sends a task, or waits; its exit code says whether a retry is safe', async () => {
    const sent = await run('ci', ['myproject', 'Run linter'])
    expect([sent.code, sent.lines[0]]).toEqual([0, expect.stringMatching(/^sent as message \d+$/)])
    expect((await run('ci', ['--wait', 'backend', 'Fix [[reply fixed]]'])).lines).toEqual(['fixed'])
    const refused = await run('ci', ['nope', 'x'])
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('session not found')])
    const away = await run('ci', ['myproject', 'x'], { home: join(folder, 'nobody') })
    expect([away.code, away.errors]).toEqual([1, expect.stringContaining('ccc listen')])
    simulator.faults.hangUp = () => 'after'
    expect((await run('ci', ['myproject', 'cut off'])).code).toBe(3)
    simulator.faults.hangUp = () => undefined
  })
})
