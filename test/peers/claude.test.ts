/**
 * The real CLI, in every generation that fits on the disk, against a local imitation of the Messages API: a home of its own, no
 * network but the loopback. Installs itself from npm at the first run.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claudeProcess } from '../../transports/node/claude/process.js'
import { listSessionFiles } from '../../transports/node/claude/session-files.js'
import { imitateMessagesApi, type Imitation } from '../claude/messages-api.js'
import { PEER_DIFFERS, PEER_SCENARIOS } from '../claude/peer-scenarios.js'
import { hasOutput, sequenceOf, stdoutOf, type GenerationName, type Line } from '../claude/recordings.js'
import { cases } from '../conformance/claude.js'
import { createFullClaude, createHookRegistry } from '../../src/claude/index.js'

const folder = join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', 'claude')
const arch = process.arch
const platform = `${process.platform}-${arch}`

/** About how much each needs, and where its executable is. */
const PEERS = [
  {
    version: '2.0.76',
    name: '@anthropic-ai/claude-code',
    install: '2.0.76',
    megabytes: 100,
    file: '@anthropic-ai/claude-code/cli.js',
  },
  {
    version: '2.1.197',
    name: `@anthropic-ai/claude-code-${platform}`,
    install: '2.1.197',
    megabytes: 260,
    file: `@anthropic-ai/claude-code-${platform}/claude`,
  },
  {
    version: '2.1.329',
    name: `@anthropic-ai/claude-agent-sdk-${platform}`,
    install: '0.3.329',
    megabytes: 400,
    file: `@anthropic-ai/claude-agent-sdk-${platform}/claude`,
  },
  // The newest one, of which there are no recordings.
  {
    version: '2.1.332',
    name: `@anthropic-ai/claude-code-${platform}`,
    install: '2.1.332',
    megabytes: 400,
    file: `@anthropic-ai/claude-code-${platform}/claude`,
  },
] as const satisfies readonly {
  version: GenerationName | '2.1.332'
  name: string
  install: string
  megabytes: number
  file: string
}[]

function freeMegabytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return (bavail * bsize) / 1_048_576
}

async function installed(peer: (typeof PEERS)[number]): Promise<string | undefined> {
  const place = join(folder, peer.version)
  const file = join(place, 'node_modules', peer.file)
  if (existsSync(file)) return file
  mkdirSync(place, { recursive: true })
  if (freeMegabytes(place) < peer.megabytes * 2) return undefined
  writeFileSync(join(place, 'package.json'), '{"private":true}\n')
  await promisify(execFile)('npm', ['i', '--no-audit', '--no-fund', '--silent', `${peer.name}@${peer.install}`], {
    cwd: place,
    timeout: 500_000,
  })
  return file
}

/** What the CLI says of the turn: neither the control protocol, nor the bookkeeping of messages that carry a uuid, as ours do. */
const spoken = (lines: readonly Line[]): string[] =>
  sequenceOf(lines.filter(({ type }) => !/^(?:control_|command_lifecycle|keep_alive)/.test(String(type))))

describe.each(PEERS)('Claude Code $version', (peer) => {
  let path: string | undefined
  let api: Imitation
  let home: string
  beforeAll(async () => {
    path = await installed(peer)
    api = await imitateMessagesApi()
    home = mkdtempSync(join(tmpdir(), 'signalbox-claude-peer-'))
    mkdirSync(join(home, 'work'))
    writeFileSync(join(home, 'work', 'notes.txt'), 'one note\n')
  })
  afterAll(async () => {
    await api.close()
    rmSync(home, { recursive: true, force: true })
  })

  const transport = () => {
    if (path === undefined) throw new Error('not installed: not enough room on the disk')
    return claudeProcess({
      path,
      cwd: join(home, 'work'),
      inherit: { drop: ['ANTHROPIC_*', 'CLAUDE_*', 'HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'] },
      env: {
        HOME: home,
        CLAUDE_CONFIG_DIR: join(home, '.claude'),
        ANTHROPIC_API_KEY: 'sk-ant-imitation-key',
        ANTHROPIC_BASE_URL: api.url,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_ERROR_REPORTING: '1',
        DISABLE_AUTOUPDATER: '1',
        IS_SANDBOX: '1',
      },
    })
  }

  for (const law of cases) {
    test(`[${law.id}] ${law.title}`, async ({ skip }) => {
      if (path === undefined) return skip('not enough room on the disk')
      await law.run({ transport: async () => transport(), writablePath: join(home, 'work', 'a.txt') })
    })
  }

  // Some failed before they wrote a line, on one generation or another: those are outcomes, not lines.
  const recorded = peer.version === '2.1.332' ? undefined : peer.version
  for (const { name, prompt, options } of PEER_SCENARIOS.filter(({ name }) => recorded && hasOutput(recorded, name))) {
    test(`[claude.peer-lines] ${name}: the lines are those of the recording, and pass the schemas`, async ({ skip }) => {
      if (path === undefined) return skip('not enough room on the disk')
      const reason = PEER_DIFFERS[`${peer.version}/${name}`] ?? PEER_DIFFERS[name]
      if (reason !== undefined) return skip(reason)
      const claude = createFullClaude({ transport: transport(), validate: 'strict', limiter: false })
      try {
        const lines: Line[] = []
        for await (const line of claude.query(prompt.replace('{work}', join(home, 'work')), options).lines()) lines.push(line)
        if (recorded) expect(spoken(lines)).toEqual(spoken(stdoutOf(recorded, name)))
      } finally {
        await claude.close()
      }
    })
  }

  test('[claude.hook-input] if a hook changes the input without allowing the call, the change takes effect or the call is refused', async ({
    skip,
  }) => {
    if (path === undefined) return skip('not enough room on the disk')
    const claude = createFullClaude({ transport: transport(), limiter: false })
    const hooks = createHookRegistry()
    hooks.on('PreToolUse', () => ({ updatedInput: { command: 'echo changed', description: 'x' } }))
    const text = await claude.querySimple('FAKE:bash:echo original', { hooks })
    expect(text).toContain(peer.version === '2.0.76' ? 'ignores a changed input' : 'changed')
    expect(text).not.toContain('original')
    await claude.close()
  })

  test('[claude.control] a request that the CLI does not know is unsupported in seconds', async ({ skip }) => {
    if (path === undefined) return skip('not enough room on the disk')
    const claude = createFullClaude({ transport: transport(), limiter: false })
    await expect(claude.createSession().control('no_such_subtype')).rejects.toMatchObject({ code: 'unsupported', sent: 'yes' })
    await claude.close()
  })

  test('[claude.peer-files] it leaves a session file that we can list', async ({ skip }) => {
    if (path === undefined) return skip('not enough room on the disk')
    const files = await listSessionFiles({ configDir: join(home, '.claude') })
    expect(files.length).toBeGreaterThan(0)
  })
})
