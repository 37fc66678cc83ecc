import { expect, test } from 'vitest'
import { createClaude } from '../../src/claude/index.js'
import { createClaudeSimulator } from '../../src/testing/claude/simulator.js'

for (const version of ['2.0.76', '2.1.197', '2.1.329']) {
  test(`query on ${version}`, async () => {
    const sim = createClaudeSimulator({ version })
    await using claude = createClaude({ transport: sim.transport })
    expect(await claude.querySimple('say hello')).toBe('Hello from the fake model.')
    expect(await claude.querySimple('FAKE:multi')).toBe('First block. Second block.')
    const types: string[] = []
    for await (const m of claude.query('FAKE:bash:mkdir -p made && echo made-it', { allowedTools: ['Bash'] })) types.push(m.type)
    expect(types).toEqual([
      'init',
      'text',
      'assistant',
      'toolUse',
      'assistant',
      'toolResult',
      'user',
      'text',
      'assistant',
      'stop',
      'result',
    ])
    const session = claude.createSession()
    expect(await session.sendMessage('FAKE:recall one').text()).toContain('seen: 1')
    expect(await session.sendMessage('FAKE:recall two').text()).toContain('seen: 2')
    const fork = session.fork()
    expect(await fork.sendMessage('FAKE:recall three').text()).toContain('seen: 3')
    expect(fork.sessionId).not.toBe(session.sessionId)
    await expect(claude.querySimple('FAKE:400')).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(claude.querySimple('FAKE:529', { maxApiRetries: 1 })).rejects.toMatchObject({ code: 'unavailable' })
    await claude.close()
    expect(sim.running).toBe(0)
  })
}
