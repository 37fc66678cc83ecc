/** Real processes: the fake executable through the Node transport. No process or file stays, whichever process dies. */
import { execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFullClaude, readSettings } from '../../src/claude/index.js'
import { claudeProcess } from '../../transports/node/claude/process.js'
import { findClaude } from '../../transports/node/claude/find.js'
import { followSessionFile, listSessionFiles, readSessionFile } from '../../transports/node/claude/session-files.js'
import { recording } from './recordings.js'
import { rounds } from '../rounds.js'

const room = mkdtempSync(join(tmpdir(), 'signalbox-claude-test-'))
const fake = join(room, 'fake-claude.mjs')
const configDir = join(room, 'config')
const env = { ANTHROPIC_API_KEY: 'sk-ant-fake', CLAUDE_CONFIG_DIR: configDir, FAKE_CLAUDE_VERSION: '2.1.329' }
const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

beforeAll(async () => {
  await build({
    entryPoints: [from('../../transports/node/claude/fake-claude.ts')],
    outfile: fake,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

const transport = (more: Readonly<Record<string, string>> = {}) =>
  claudeProcess({ path: fake, cwd: room, env: { ...env, ...more } })

async function processesOf(marker: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'stat,pid,args'])
  // Only the state says that a process is a zombie: the random name of a folder may start with the same letter.
  return stdout.split('\n').filter((line) => line.includes(marker) && !line.includes('ps -eo') && !line.startsWith('Z'))
}

describe('the executable', () => {
  test('[claude.package-version] the version comes from the npm package of the CLI, and from no other package', async () => {
    const folder = join(room, 'package')
    mkdirSync(folder, { recursive: true })
    const manifest = (name: string) => writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '2.1.77' }))
    const file = join(folder, 'claude')
    writeFileSync(file, '#!/bin/sh\nexit 1\n')
    chmodSync(file, 0o755)
    manifest('@anthropic-ai/claude-code-linux-x64')
    expect(await claudeProcess({ path: file }).version()).toBe('2.1.77')
    manifest('@anthropic-ai/claude-agent-sdk-linux-x64')
    await expect(claudeProcess({ path: file }).version()).rejects.toMatchObject({ code: 'incompatible' })
  })

  test('[claude.finds-executable] is found at its given path and on PATH; without one the error says what to do', async () => {
    expect(await findClaude({ path: fake })).toMatchObject({ before: [fake], source: 'option' })
    expect(await findClaude({ env: { CCFLOW_CLAUDE_CLI_PATH: fake } })).toMatchObject({ source: 'environment' })
    await expect(findClaude({ env: { PATH: '/nonexistent' }, home: '/nonexistent', from: '/nonexistent' })).rejects.toMatchObject({
      code: 'not_found',
    })
    const claude = createFullClaude({ transport: claudeProcess({ path: '/nonexistent/claude' }), retry: false })
    await expect(claude.querySimple('x')).rejects.toMatchObject({ name: 'CLINotFoundError', sent: 'no' })
    await claude.close()
  })

  test('[claude.finds-executable] a relative path is found from every working folder', async () => {
    const folder = join(room, 'else', 'where', 'far')
    mkdirSync(folder, { recursive: true })
    const script = join(room, 'claude.sh')
    writeFileSync(script, '#!/bin/sh\necho "2.1.329 (Claude Code)"\n', { mode: 0o755 })
    for (const path of [relative(process.cwd(), script), relative(process.cwd(), fake)]) {
      const claude = claudeProcess({ path, cwd: folder, env })
      expect(await claude.version()).toBe('2.1.329')
      expect(await findClaude({ env: { PATH: relative(process.cwd(), room), CCFLOW_CLAUDE_CLI_PATH: path } })).toMatchObject({
        source: 'environment',
      })
    }
  })

  test.skipIf(process.platform === 'win32')(
    '[claude.abort] an abort while the CLI reports its version ends the open and that CLI at once',
    async () => {
      const script = join(room, 'silent.sh')
      const asked = join(room, 'asked')
      writeFileSync(script, `#!/bin/sh\necho $$ > ${asked}.new; mv ${asked}.new ${asked}; exec sleep 600\n`, { mode: 0o755 })
      const claude = claudeProcess({ path: script, env })
      const [one, two] = [new AbortController(), new AbortController()]
      const opening = [one, two].map(({ signal }) => claude.open({}, { signal }).catch((error: unknown) => error))
      await expect.poll(() => existsSync(asked)).toBe(true)
      const pid = Number(readFileSync(asked, 'utf8'))
      one.abort()
      expect(await opening[0]).toMatchObject({ code: 'aborted', sent: 'no' })
      // Another caller still waits for the answer.
      expect(process.kill(pid, 0)).toBe(true)
      two.abort()
      expect(await opening[1]).toMatchObject({ code: 'aborted', sent: 'no' })
      await expect
        .poll(() => {
          try {
            return process.kill(pid, 0)
          } catch {
            return false
          }
        })
        .toBe(false)
    },
  )

  test('[claude.abort] after all callers aborted the version request, the next caller starts a new one', async () => {
    const script = join(room, 'once-silent.sh')
    const asked = join(room, 'asked-once')
    const answer = `if [ -e ${asked} ]; then echo '2.1.329 (Claude Code)'; exit 0; fi`
    writeFileSync(script, `#!/bin/sh\n${answer}\n: > ${asked}\nexec sleep 600\n`, { mode: 0o755 })
    const claude = claudeProcess({ path: script, env })
    const controller = new AbortController()
    const opening = claude.open({}, { signal: controller.signal }).catch((error: unknown) => error)
    await expect.poll(() => existsSync(asked)).toBe(true)
    controller.abort()
    expect(await opening).toMatchObject({ code: 'aborted', sent: 'no' })
    expect(await claude.version()).toBe('2.1.329')
  })

  test('[claude.health-free] the health check runs the executable without a model turn', async () => {
    const claude = createFullClaude({ transport: transport() })
    expect(await claude.health.check()).toMatchObject({
      healthy: true,
      cliAvailable: true,
      cliAuthenticated: true,
      version: '2.1.329',
    })
    await claude.close()
    const old = createFullClaude({ transport: transport({ FAKE_CLAUDE_VERSION: '2.0.76' }) })
    expect(await old.health.check()).toMatchObject({ healthy: true, cliAuthenticated: undefined, version: '2.0.76' })
    await old.close()
  })

  test('[claude.unknown-flag] a flag that an old CLI does not know is not sent; an unknown flag of the caller gives a separate error', async () => {
    const omitted: string[] = []
    const old = createFullClaude({
      transport: claudeProcess({
        path: fake,
        cwd: room,
        env: { ...env, FAKE_CLAUDE_VERSION: '2.0.76' },
        onOmitted: (flags) => omitted.push(...flags),
      }),
      retry: false,
    })
    expect(await old.querySimple('FAKE:echo:fine', { effort: 'high' })).toBe('fine')
    expect(omitted).toEqual(['--effort'])
    await expect(old.querySimple('x', { extraFlags: { '--no-such-flag': true } })).rejects.toMatchObject({
      code: 'incompatible',
      exitCode: 1,
      sent: 'no',
    })
    await old.close()
  })

  test('[claude.private-files] secrets are passed in private files, which are removed with the process', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('signalbox-claude-') && !name.includes('test'))
    const claude = createFullClaude({ transport: transport() })
    await claude.querySimple('FAKE:echo:x', {
      mcpServers: { s: { command: 'x', env: { TOKEN: 'secret' } } },
      systemPrompt: 's'.repeat(200_000),
    })
    await claude.close()
    await expect
      .poll(() => readdirSync(tmpdir()).filter((name) => name.startsWith('signalbox-claude-') && !name.includes('test')))
      .toEqual(before)
  })

  test('[claude.private-files] without a folder for private files no process is started', async () => {
    const tempDir = join(room, 'missing')
    const claude = createFullClaude({ transport: claudeProcess({ path: fake, cwd: room, env, tempDir }) })
    const failure = { code: 'invalid_argument', sent: 'no', message: expect.stringContaining(tempDir), cause: { code: 'ENOENT' } }
    await expect(claude.querySimple('FAKE:echo:x', { systemPrompt: 's'.repeat(200_000) })).rejects.toMatchObject(failure)
    expect(await claude.querySimple('FAKE:echo:needs no files')).toBe('needs no files')
    await claude.close()
  })

  test('[claude.settings] the executable, the folder for private files and the log are those of the settings', async () => {
    const place = join(room, 'private')
    mkdirSync(place)
    const written: string[] = []
    const console = vi.spyOn(globalThis.console, 'info').mockImplementation((line: string) => void written.push(line))
    const settings = readSettings({
      CCFLOW_CLAUDE_CLI_PATH: fake,
      CCFLOW_TEMP_DIR: place,
      CCFLOW_LOG_LEVEL: 'INFO',
      CCFLOW_LOG_FORMAT: 'json',
    })
    const claude = createFullClaude({ transport: claudeProcess({ settings, cwd: room, env }), settings })
    const answer = claude.query('FAKE:slow:4', { systemPrompt: 's'.repeat(200_000) }).text()
    await expect.poll(() => readdirSync(place).length).toBe(1)
    await answer
    await claude.close()
    await expect.poll(() => readdirSync(place)).toEqual([])
    console.mockRestore()
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'info', event: 'call.end', op: 'query' }),
    ])
  })

  test('[claude.truncated-output] status 0 without a result is a failure, reported after all lines', async () => {
    const file = join(room, 'leaves.mjs')
    const said = [
      { type: 'system', subtype: 'init', session_id: 's', tools: [] },
      {
        type: 'assistant',
        session_id: 's',
        parent_tool_use_id: null,
        message: { id: 'm', role: 'assistant', model: 'x', content: [{ type: 'text', text: 'half an answ' }] },
      },
    ]
    writeFileSync(
      file,
      `import { createInterface } from 'node:readline'
const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text)
  if (line.type === 'control_request') say({ type: 'control_response', response: { subtype: 'success', request_id: line.request_id, response: {} } })
  else {
    for (const one of ${JSON.stringify(said)}) say(one)
    process.exitCode = 0
    break
  }
}
process.stdin.destroy()
`,
    )
    const claude = createFullClaude({ transport: claudeProcess({ path: file, cwd: room, env, version: '2.1.329' }), retry: false })
    const types: string[] = []
    const turn = claude.query('say hello')
    const reading = (async () => {
      for await (const { type } of turn) types.push(type)
    })()
    const failure = { name: 'CLIExecutionError', code: 'exited', exitCode: 0, sent: 'yes', partialText: 'half an answ' }
    await expect(reading).rejects.toMatchObject(failure)
    expect(types).toEqual(['init', 'text', 'assistant'])
    await expect(turn.result()).rejects.toMatchObject(failure)
    await expect(claude.createSession().sendMessage('say hello').text()).rejects.toMatchObject(failure)
    await claude.close()
  })

  test('[claude.truncated-output] a run without a result ends at the deadline', async () => {
    const cut = { ...recording('2.1.329', 'simple-text') }
    const path = join(room, 'cut.json')
    writeFileSync(
      path,
      JSON.stringify({ ...cut, steps: cut.steps.filter((step) => !('wrote' in step) || step.wrote.type !== 'result') }),
    )
    const claude = createFullClaude({ transport: transport({ FAKE_CLAUDE_RECORDING: path }), retry: false })
    const turn = claude.query('say hello', { timeoutMs: 3_000 })
    await expect(turn.result()).rejects.toMatchObject({ name: 'CLITimeoutError' })
    await claude.close()
  })
})

test('[claude.no-leaks] many short runs leave no process, no handle, and no memory', async () => {
  const claude = createFullClaude({ transport: transport(), limiter: false, events: undefined as never })
  const run = (count: number) =>
    claude.batchQuery(
      Array.from({ length: count }, (_, index) => `FAKE:echo:${index}`),
      { concurrency: 8 },
    )
  await run(40)
  globalThis.gc?.()
  const handles = process.getActiveResourcesInfo().length
  const heap = process.memoryUsage().heapUsed
  const results = await run(Number(process.env.SIGNALBOX_RUNS ?? rounds(200, 60)))
  expect(results.every(({ success, index, result }) => success && result === String(index))).toBe(true)
  await claude.close()
  globalThis.gc?.()
  await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(handles + 4)
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(40 * 1024 * 1024)
  await expect.poll(() => processesOf(fake)).toEqual([])
}, 300_000)

test('[claude.host-killed] kill -9 of the host leaves no child', async () => {
  const host = join(room, 'host.mjs')
  const source = `
    import { createFullClaude } from ${JSON.stringify(from('../../src/claude/index.ts'))}
    import { claudeProcess } from ${JSON.stringify(from('../../transports/node/claude/process.ts'))}
    const claude = createFullClaude({ transport: claudeProcess({ path: ${JSON.stringify(fake)}, cwd: ${JSON.stringify(room)}, env: ${JSON.stringify({ ...env, MARK: 'killed-host' })} }) })
    for await (const message of claude.query('FAKE:hang')) if (message.type === 'init') console.log('running')
  `
  await build({
    stdin: { contents: source, resolveDir: room, loader: 'ts' },
    outfile: host,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  const child = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  expect((await processesOf(fake)).length).toBeGreaterThan(0)
  child.kill('SIGKILL')
  await expect.poll(() => processesOf(fake), { timeout: 20_000 }).toEqual([])
}, 180_000)

test('[claude.host-killed] kill -9 of the host ends a tool that left the process group of the CLI', async () => {
  const marker = `signalbox-left-${process.pid}`
  // A CLI that starts its tool in a session of its own, as the real one does, and does not clean up.
  const cli = join(room, 'leaving-cli.sh')
  writeFileSync(cli, `#!/bin/sh\nsetsid sh -c 'sleep 300; : ${marker}' &\nsleep 300\n`)
  chmodSync(cli, 0o755)
  const host = join(room, 'leaving-host.mjs')
  const source = `
    import { subprocess } from ${JSON.stringify(from('../../transports/node/index.ts'))}
    await subprocess({ command: { file: ${JSON.stringify(cli)} } }).open()
    console.log('running')
    setInterval(() => {}, 1000)
  `
  await build({
    stdin: { contents: source, resolveDir: room, loader: 'ts' },
    outfile: host,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    external: ['ws'],
  })
  const child = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await expect.poll(async () => (await processesOf(marker)).length).toBeGreaterThan(0)
  child.kill('SIGKILL')
  await expect.poll(() => processesOf(marker), { timeout: 20_000 }).toEqual([])
}, 180_000)

test('[claude.session-files] session files of the CLI with any content are listed, read and followed', async () => {
  rmSync(configDir, { recursive: true, force: true })
  const claude = createFullClaude({ transport: transport() })
  const session = claude.createSession()
  await session.sendMessage('FAKE:echo:one').text()
  await session.close()
  await claude.close()
  const [file] = await listSessionFiles({ configDir, cwd: room })
  expect(file).toMatchObject({ sessionId: session.sessionId })
  if (!file) throw new Error('no session file')
  const { appendFileSync } = await import('node:fs')
  appendFileSync(file.path, 'not json\n{"no":"type"}\n')
  appendFileSync(
    file.path,
    `{"type":"user","message":{"content":"${'x'.repeat(3_000_000)}"}}\n{"type":"summary","summary":"end"}\n`,
  )
  const types: string[] = []
  let next = 0
  for await (const batch of readSessionFile(file.path, { maxLineBytes: 1_000_000 })) {
    types.push(...batch.entries.map(({ type }) => type))
    next = batch.next
  }
  expect(types).toEqual(['user', 'assistant', 'summary'])
  const controller = new AbortController()
  const followed: string[] = []
  const following = (async () => {
    for await (const batch of followSessionFile(file.path, { from: next, signal: controller.signal, pollMs: 10 })) {
      followed.push(...batch.entries.map(({ type }) => type))
      if (followed.length >= 2) controller.abort()
    }
  })()
  appendFileSync(file.path, '{"type":"mode"}\n{"type":"la')
  appendFileSync(file.path, 'st-prompt"}\n')
  await following
  expect(followed).toEqual(['mode', 'last-prompt'])
  await expect(readSessionFile(join(room, 'nobody')).next()).rejects.toMatchObject({ code: 'not_found' })
  expect(existsSync(configDir)).toBe(true)
})
