/**
 * The real CLI, in every generation that fits on the disk, against a local imitation of the Messages API: a home of its own, no
 * network but the loopback. Installs itself from npm at the first run.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listSessionFiles } from '../../transports/node/claude/session-files.js'
import { PEER_DIFFERS, PEER_SCENARIOS } from '../claude/peer-scenarios.js'
import { hasOutput, sequenceOf, stdoutOf, type Line } from '../claude/recordings.js'
import { cases } from '../conformance/claude.js'
import { createFullClaude, createHookRegistry } from '../../src/claude/index.js'
import { installed, PEERS, peerHome, type PeerHome } from './claude-cli.js'

/** What the CLI says of the turn: neither the control protocol, nor the bookkeeping of messages that carry a uuid, as ours do. */
const spoken = (lines: readonly Line[]): string[] =>
  sequenceOf(lines.filter(({ type }) => !/^(?:control_|command_lifecycle|keep_alive)/.test(String(type))))

describe.each(PEERS)('Claude Code $version', (peer) => {
  let path: string | undefined
  let home: PeerHome
  beforeAll(async () => {
    path = await installed(peer)
    home = await peerHome()
  })
  afterAll(() => home.close())

  const transport = () => {
    if (path === undefined) throw new Error('not installed: not enough room on the disk')
    return home.transport(path)
  }

  for (const law of cases) {
    test(`[${law.id}] ${law.title}`, async ({ skip }) => {
      if (path === undefined) return skip('not enough room on the disk')
      await law.run({ transport: async () => transport(), writablePath: join(home.work, 'a.txt'), startMs: 4_000 })
    })
  }

  // Scenarios that failed before their first line have no lines to compare. Their outcomes are tested elsewhere.
  const recorded = peer.version === '2.1.332' ? undefined : peer.version
  for (const { name, prompt, options } of PEER_SCENARIOS.filter(({ name }) => recorded && hasOutput(recorded, name))) {
    test(`[claude.peer-lines] ${name}: the lines are those of the recording, and pass the schemas`, async ({ skip }) => {
      if (path === undefined) return skip('not enough room on the disk')
      const reason = PEER_DIFFERS[`${peer.version}/${name}`] ?? PEER_DIFFERS[name]
      if (reason !== undefined) return skip(reason)
      const claude = createFullClaude({ transport: transport(), validate: 'strict', limiter: false })
      try {
        const lines: Line[] = []
        for await (const line of claude.query(prompt.replace('{work}', home.work), options).lines()) lines.push(line)
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

  test('[claude.control] an unknown request is unsupported within seconds', async ({ skip }) => {
    if (path === undefined) return skip('not enough room on the disk')
    const claude = createFullClaude({ transport: transport(), limiter: false })
    await expect(claude.createSession().control('no_such_subtype')).rejects.toMatchObject({ code: 'unsupported', sent: 'yes' })
    await claude.close()
  })

  test('[claude.peer-files] it leaves a session file that we can list', async ({ skip }) => {
    if (path === undefined) return skip('not enough room on the disk')
    const files = await listSessionFiles({ configDir: home.configDir })
    expect(files.length).toBeGreaterThan(0)
  })
})
