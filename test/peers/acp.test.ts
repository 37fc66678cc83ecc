/**
 * The real agent `@agentclientprotocol/claude-agent-acp`, which drives the real Claude Code CLI, as an agent of our hub. The model is a local
 * imitation of the Messages API.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import { createHub, type Hub, type HubEvent } from '../../src/hub/index.js'
import { imitateMessagesApi, type Imitation } from '../claude/messages-api.js'
import { ACP_AGENT_VERSION, acpAgentProcess, installAcpAgent } from './acp-agent.js'

describe(`claude-agent-acp ${ACP_AGENT_VERSION}`, () => {
  // The tests set the mode, because without one this version starts in `auto`, which runs commands without a question.
  let api: Imitation
  let home: string
  let hub: Hub
  const stderr: string[] = []

  beforeAll(async () => {
    await installAcpAgent()
    api = await imitateMessagesApi()
    home = mkdtempSync(join(tmpdir(), 'signalbox-acp-peer-'))
    mkdirSync(join(home, 'work'))
    const transport = acpAgentProcess(home, api.url, (text) => void stderr.push(text))
    hub = await createHub({ sources: [acpSource({ transport, name: 'claude-acp', cwd: join(home, 'work'), mode: 'default' })] })
  })
  afterAll(async () => {
    await hub?.close()
    await api?.close()
    if (home) rmSync(home, { recursive: true, force: true })
  })

  /** The events of one prompt, up to its end; permission asks get the given answer. */
  async function follow(text: string, accept?: boolean): Promise<HubEvent[]> {
    const events: HubEvent[] = []
    for await (const event of hub.prompt('claude-acp/main', text, { by: 'test' })) {
      events.push(event)
      if (event.kind === 'ask' && event.ask.status === 'open' && accept !== undefined) {
        await hub.answer(event.ask.id, { accept }, { by: 'test' })
      }
    }
    return events
  }

  test('is listed with its own description [acp.real]', async () => {
    const [agent] = await hub.agents()
    expect(agent, stderr.join('')).toMatchObject({
      id: 'claude-acp/main',
      system: 'acp',
      can: { prompt: {}, sessions: { create: true } },
    })
  })

  test('a prompt gives its text and one end [acp.real]', async () => {
    const events = await follow('hello there')
    const end = events.at(-1)
    expect(end, stderr.join('')).toMatchObject({ kind: 'end', outcome: 'completed', sent: 'yes' })
    expect(events.some((event) => event.kind === 'message' && event.role === 'agent' && !event.partial)).toBe(true)
  })

  test('a fork is another session and takes a prompt [acp.fork]', async () => {
    const { id } = await hub.openSession('claude-acp/main')
    await hub.prompt('claude-acp/main', 'hello', { session: id }).end()
    const fork = await hub.openSession('claude-acp/main', { fork: id })
    expect(fork.id, stderr.join('')).not.toBe(id)
    expect(await hub.prompt('claude-acp/main', 'hello again', { session: fork.id }).end()).toMatchObject({ outcome: 'completed' })
  })

  test('a permission that is allowed runs the tool [acp.real]', async () => {
    const events = await follow('FAKE:bash:touch allowed.txt', true)
    expect(events.some(({ kind }) => kind === 'ask')).toBe(true)
    expect(events.filter(({ kind }) => kind === 'ask_resolved')).toMatchObject([
      { outcome: 'answered', by: 'test', delivered: 'written' },
    ])
    expect(events.at(-1)).toMatchObject({ outcome: 'completed' })
    expect(existsSync(join(home, 'work', 'allowed.txt'))).toBe(true)
  })

  test('a permission that is denied does not run the tool [acp.real]', async () => {
    const events = await follow('FAKE:bash:touch denied.txt', false)
    expect(events.some(({ kind }) => kind === 'ask')).toBe(true)
    expect(events.at(-1)?.kind).toBe('end')
    expect(existsSync(join(home, 'work', 'denied.txt'))).toBe(false)
  })

  test('cancel stops a turn that waits for a person [acp.real]', async () => {
    const turn = hub.prompt('claude-acp/main', 'FAKE:bash:touch cancelled.txt', { by: 'test' })
    const kinds: string[] = []
    for await (const event of turn) {
      kinds.push(event.kind)
      if (event.kind === 'ask' && event.ask.status === 'open') await turn.cancel({ by: 'test' })
    }
    expect(await turn.end()).toMatchObject({ outcome: 'cancelled' })
    expect(existsSync(join(home, 'work', 'cancelled.txt'))).toBe(false)
  })
})
