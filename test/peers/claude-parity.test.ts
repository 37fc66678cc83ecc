/** What the client has because the agent SDK has it, on the real CLIs; and the names of the real agent SDK. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedSessions } from '../../transports/node/claude/stored-sessions.js'
import {
  createClaude,
  createHookRegistry,
  HOOK_EVENTS,
  type AgentDefinition,
  type ClaudeClient,
  type ClaudeMessage,
  type Controls,
  type Turn,
} from '../../src/claude/index.js'
import { SignalboxError } from '../../src/index.js'
import { agentSdkNames } from '../claude/agent-sdk-names.js'
import { agentSdk } from './agent-sdk.js'
import { installed, PEERS, peerHome, type PeerHome } from './claude-cli.js'

test('[claude.agent-sdk] the recorded names are those of the agent SDK 0.3.332', async () => {
  const { types } = await agentSdk()
  const recorded: unknown = JSON.parse(readFileSync(new URL('../fixtures/claude/agent-sdk-0.3.332.json', import.meta.url), 'utf8'))
  expect(agentSdkNames(readFileSync(types, 'utf8'))).toEqual(recorded)
})

/** Every field of an agent, with a value that the newest CLI accepts. */
const AGENT: Required<AgentDefinition> = {
  description: 'Reviews code',
  prompt: 'You review code.',
  tools: ['Bash', 'Read'],
  disallowedTools: ['Write'],
  model: 'sonnet',
  mcpServers: ['asks'],
  criticalSystemReminder_EXPERIMENTAL: 'Be brief.',
  skills: ['dataviz'],
  initialPrompt: 'Begin.',
  maxTurns: 3,
  autoCompactWindow: 100_000,
  background: false,
  omitClaudeMd: true,
  memory: 'project',
  effort: 'low',
  permissionMode: 'plan',
  observer: 'watcher',
  observerMessage: 'Watch.',
}

/** An MCP server over stdio with one tool, which asks the user for a name. */
const ASKING_SERVER = `
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n')
let call
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params, result, error } = JSON.parse(line)
  if (method === 'initialize')
    send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'asks', version: '1' } } })
  else if (method === 'tools/list') send({ id, result: { tools: [{ name: 'ask', inputSchema: { type: 'object', properties: {} } }] } })
  else if (method === 'tools/call') {
    call = id
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
    send({ id: 'question', method: 'elicitation/create', params: { message: 'Your name?', requestedSchema } })
  } else if (id === 'question') send({ id: call, result: { content: [{ type: 'text', text: 'answered ' + JSON.stringify(result ?? error) }] } })
})
`

const CALLS: Readonly<Record<string, (on: Controls, work: string) => Promise<unknown>>> = {
  rename: (on) => on.rename('Title'),
  usage: (on) => on.usage({ skipBehaviors: true }),
  readFile: (on, work) => on.readFile(join(work, 'notes.txt'), { maxBytes: 100 }),
  seedReadState: (on, work) => on.seedReadState(join(work, 'notes.txt'), 1),
  reloadPlugins: (on) => on.reloadPlugins(),
  reloadSkills: (on) => on.reloadSkills(),
  setMcpPermissionMode: (on) => on.setMcpPermissionMode('docs', 'default'),
  backgroundTasks: (on) => on.backgroundTasks(),
  contextUsage: (on) => on.contextUsage({ detail: 'summary' }),
  reloadOutputStyles: (on) => on.reloadOutputStyles(),
  updateSettings: (on) => on.updateSettings('localSettings', { outputStyle: 'default' }),
  permissionRules: (on) => on.permissionRules(),
}
const NEWEST_ONLY = new Set(['reloadOutputStyles', 'updateSettings', 'permissionRules'])

describe.each(PEERS)('Claude Code $version', (peer) => {
  const isOld = peer.version === '2.0.76'
  const isNewest = peer.version === '2.1.332' || peer.version === '2.1.329'
  let path: string | undefined
  let home: PeerHome
  let claude: ClaudeClient
  beforeAll(async () => {
    path = await installed(peer)
    home = await peerHome()
    writeFileSync(join(home.work, 'asks.cjs'), ASKING_SERVER)
    if (path !== undefined) claude = createClaude({ transport: home.transport(path) })
  })
  afterAll(async () => {
    await claude?.close()
    await home.close()
  })
  const peerTest = (title: string, run: () => Promise<void>): void =>
    test(title, async ({ skip }) => {
      if (path === undefined) return skip('not enough room on the disk')
      await run()
    })

  peerTest('[claude.sdk-controls] each control request is answered, or unsupported where the CLI lacks it', async () => {
    const session = claude.createSession()
    await session.sendMessage('FAKE:echo:hi').result()
    const outcomes: Record<string, string> = {}
    await Promise.all(
      Object.entries(CALLS).map(async ([name, call]) => {
        const failed = (error: unknown): string => (SignalboxError.is(error) ? error.code : String(error))
        outcomes[name] = await call(session, home.work).then(() => 'answered', failed)
      }),
    )
    const has = (name: string): boolean => isNewest || (!isOld && !NEWEST_ONLY.has(name))
    expect(outcomes).toEqual(Object.fromEntries(Object.keys(CALLS).map((name) => [name, has(name) ? 'answered' : 'unsupported'])))
    await expect(session.taskOutput('none')).rejects.toMatchObject({ code: isNewest ? 'remote' : 'unsupported' })
    await session.setMaxThinkingTokens(1_000, { display: 'omitted' })
    if (isNewest) expect((await session.readFile(join(home.work, 'notes.txt'))).contents).toBe('one note\n')
    await session.close()
  })

  peerTest('[claude.hook-names] every hook event is accepted, and hooks run', async () => {
    const hooks = createHookRegistry()
    const ran = new Set<string>()
    for (const event of HOOK_EVENTS) hooks.on(event, ({ hookEvent }) => void ran.add(hookEvent))
    await claude.querySimple('FAKE:bash:echo hi', { hooks })
    expect([...ran]).toEqual(expect.arrayContaining(['UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop']))
  })

  peerTest('[claude.dialogs] the question of an MCP server reaches the callback; 2.0 has no such questions', async () => {
    const seen: unknown[] = []
    const text = await claude.querySimple('FAKE:tool:mcp__asks__ask {}', {
      mcpServers: { asks: { command: process.execPath, args: [join(home.work, 'asks.cjs')] } },
      allowedTools: ['mcp__asks__ask'],
      onElicitation: ({ serverName, message, mode, requestedSchema }) => {
        seen.push(serverName, message, mode, typeof requestedSchema)
        return { action: 'accept', content: { name: 'Ada' } }
      },
    })
    if (isOld) {
      expect(seen).toEqual([])
      expect(text).toContain('Method not found')
    } else {
      expect(seen).toEqual(['asks', 'Your name?', 'form', 'object'])
      expect(text).toContain('Ada')
    }
  })

  peerTest('[claude.sdk-options] an agent with every field, the sandbox and the fields of initialize are accepted', async () => {
    const { agents } = await claude
      .createSession({
        options: {
          agents: { reviewer: AGENT },
          sandbox: { enabled: false, network: { allowedDomains: ['a.example'] } },
          title: 'Title',
          skills: ['dataviz'],
          toolAliases: { Shell: 'Bash' },
          planModeInstructions: 'Plan.',
          agentProgressSummaries: true,
          perTaskStop: true,
          supportedDialogKinds: ['refusal_fallback_prompt'],
          verbatim: true,
        },
      })
      .initialization()
    if (!isOld) expect(agents?.map(({ name }) => name)).toContain('reviewer')
  })

  peerTest('[claude.typed-lines] lines of tasks and of the session have their types, and no line is unknown', async () => {
    const seen: ClaudeMessage[] = []
    const tool = isOld ? 'Task' : 'Agent'
    const onTurn = (turn: Turn): void => void turn.result().catch(() => {})
    const session = claude.createSession({ onTurn, options: { sessionStateEvents: true } })
    const prompt = `FAKE:tool:${tool} {"description":"sub","prompt":"say hi","subagent_type":"general-purpose"}`
    for await (const message of session.sendMessage(prompt)) seen.push(message)
    const unknown = seen.flatMap((message) => (message.type === 'unknown' ? [message.eventType] : []))
    expect(unknown).toEqual([])
    const subtypes = seen.flatMap((message) => (message.type === 'system' ? [message.subtype] : []))
    if (!isOld) expect(subtypes).toEqual(expect.arrayContaining(['session_state_changed', 'task_started']))
    await session.close()
  })

  peerTest('[claude.stored-sessions] a session is read, renamed, forked and resumed; the agent SDK reads the same', async () => {
    const session = claude.createSession()
    await session.sendMessage('FAKE:recall one').result()
    await session.sendMessage('FAKE:two').result()
    const { sessionId } = session
    await session.close()
    const sessions = storedSessions({ configDir: home.configDir, cwd: home.work })
    const messages = await sessions.messages(sessionId)
    expect(await sessions.info(sessionId)).toMatchObject({ firstPrompt: 'FAKE:recall one', cwd: home.work, archived: false })

    const copy = await sessions.fork(sessionId, { upTo: messages[1]?.uuid ?? '', title: 'The fork' })
    const resumed = claude.resumeSession(copy)
    expect(await resumed.sendMessage('FAKE:recall two').text()).toContain('seen: 2')
    await resumed.close()

    const { load } = await agentSdk()
    process.env.CLAUDE_CONFIG_DIR = home.configDir
    try {
      const sdk = await load()
      const dir = { dir: home.work }
      const theirs = await sdk.getSessionMessages(sessionId, dir)
      expect(messages.map(({ uuid }) => uuid)).toEqual(theirs.map(({ uuid }) => uuid))
      await sessions.rename(sessionId, 'Ours')
      await sessions.tag(sessionId, 'blue')
      await sessions.archive(sessionId)
      const info = { customTitle: 'Ours', summary: 'Ours', tag: 'blue', archived: true, firstPrompt: 'FAKE:recall one' }
      expect(await sdk.getSessionInfo(sessionId, dir)).toMatchObject(info)
      expect((await sdk.getSessionInfo(copy, dir))?.customTitle).toBe('The fork')
      await sdk.renameSession(sessionId, 'Theirs', dir)
      await sdk.tagSession(sessionId, null, dir)
      expect(await sessions.info(sessionId)).toMatchObject({ title: 'Theirs', tag: undefined, archived: true })
      const forked = await sdk.forkSession(sessionId, dir)
      expect(await sessions.messages(forked.sessionId)).toHaveLength(messages.length)
      const ids = (await sessions.list()).map((one) => one.sessionId).sort()
      expect(ids).toEqual((await sdk.listSessions(dir)).map((one) => String(one.sessionId)).sort())
    } finally {
      delete process.env.CLAUDE_CONFIG_DIR
    }
    await sessions.delete(copy)
    await expect(claude.resumeSession(copy).sendMessage('hi').text()).rejects.toMatchObject({ code: 'not_found' })
  })
})
