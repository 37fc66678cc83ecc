/** Sessions, the control protocol, permissions, hooks and tools, on the simulator of each generation. */
import { describe, expect, test } from 'vitest'
import {
  type ClaudeMessage,
  createFullClaude,
  createHookRegistry,
  createSdkMcpServer,
  type FullClaudeOptions,
  memorySessionStore,
  tool,
} from '../../src/claude/index.js'
import { createClaudeSimulator, type ClaudeSimulatorOptions } from '../../src/testing/claude/simulator.js'
import { GENERATIONS } from './recordings.js'

const start = (simulator: ClaudeSimulatorOptions = {}, client: Partial<FullClaudeOptions> = {}) => {
  const simulated = createClaudeSimulator(simulator)
  return { simulated, claude: createFullClaude({ transport: simulated.transport, limiter: false, ...client }) }
}
const closing = async ({ simulated, claude }: ReturnType<typeof start>) => {
  await claude.close()
  expect(simulated.running).toBe(0)
}
const ADD = tool<{ a: number; b: number }>(
  'add',
  'Adds two numbers',
  {
    type: 'object',
    properties: { a: { type: 'number' }, b: { type: 'number' } },
    required: ['a', 'b'],
    additionalProperties: false,
  },
  ({ a, b }) => String(a + b),
)

describe.each(GENERATIONS)('on %s', (version) => {
  test('[claude.session-remembers] a session uses one process, and the second turn continues the conversation of the first', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    expect(await session.sendMessage('FAKE:recall one').text()).toContain('seen: 1')
    expect(await session.sendMessage('FAKE:recall two').text()).toContain('seen: 2')
    expect(run.simulated.runs.length).toBe(1)
    expect(session.turnCount).toBe(2)
    const stats = await session.close()
    expect(stats).toMatchObject({ totalTurns: 2, totalTokens: 290 })
    await closing(run)
  })

  test('[claude.session-queue] sends wait in a queue, and the CLI never merges two of them', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    const texts = await Promise.all(['one', 'two', 'three'].map((word) => session.sendMessage(`FAKE:echo:${word}`).text()))
    expect(texts).toEqual(['one', 'two', 'three'])
    const busy = run.claude.createSession({ whileBusy: 'reject' })
    const first = busy.sendMessage('FAKE:echo:first')
    expect(() => busy.sendMessage('second')).toThrow(/under way/)
    expect(await first.text()).toBe('first')
    await closing(run)
  })

  test('[claude.session-after-failure] a failed and an abandoned first turn leave the session usable', async () => {
    const run = start({ version })
    const failed = run.claude.createSession()
    await failed
      .sendMessage('FAKE:400')
      .result()
      .catch(() => {})
    expect(await failed.sendMessage('FAKE:recall x').text()).toContain('seen: 2')
    const left = run.claude.createSession()
    for await (const message of left.sendMessage('FAKE:slow:500')) if (message.type === 'init') break
    expect(await left.sendMessage('FAKE:echo:still here').text()).toBe('still here')
    await closing(run)
  })

  test('[claude.session-restart] a process that died is started again with the conversation', async () => {
    const run = start({ version })
    const session = run.claude.createSession({ options: { maxTurns: 7 } })
    await session.sendMessage('FAKE:recall one').text()
    run.simulated.kill()
    await expect.poll(() => run.simulated.running).toBe(0)
    // A simulated process that ends normally keeps its history; a killed one keeps only what it had saved.
    expect(await session.sendMessage('FAKE:recall two').text()).toContain('seen: 2')
    expect(run.simulated.runs[1]?.args).toContain(`--resume=${session.sessionId}`)
    expect(run.simulated.runs.every(({ args }) => args.includes('--max-turns=7'))).toBe(true)
    await closing(run)
  })

  test('[claude.fork] a fork has the history and does not change its parent', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    await session.sendMessage('FAKE:recall one').text()
    const fork = session.fork()
    expect(await fork.sendMessage('FAKE:recall two').text()).toContain('seen: 2')
    expect(await session.sendMessage('FAKE:recall three').text()).toContain('previous: ["FAKE:recall one","FAKE:recall three"]')
    expect(fork.sessionId).not.toBe(session.sessionId)
    await closing(run)
  })

  test('[claude.resume-unknown] resuming an unknown session is not_found', async () => {
    const run = start({ version })
    const session = run.claude.resumeSession('11111111-2222-4333-8444-555555555555')
    await expect(session.sendMessage('hello').text()).rejects.toMatchObject({
      name: 'SessionNotFoundError',
      code: 'not_found',
      sent: 'no',
    })
    await closing(run)
  })

  test('[claude.interrupt-tool] an interrupt while a tool runs ends the turn as aborted, and the session goes on', async () => {
    const run = start({ version })
    const session = run.claude.createSession({ options: { allowedTools: ['Bash'] } })
    const turn = session.sendMessage('FAKE:sleep:300')
    const seen: ClaudeMessage[] = []
    for await (const message of turn) {
      seen.push(message)
      if (message.type === 'toolUse') void session.interrupt()
    }
    expect(seen.at(-1)).toMatchObject({ type: 'result', error: { code: 'aborted' } })
    await expect(turn.result()).rejects.toMatchObject({ code: 'aborted' })
    expect(await session.sendMessage('FAKE:echo:on').text()).toBe('on')
    await closing(run)
  })

  test('[claude.interrupt-early] an interrupt before the message is sent withdraws the turn, and the session continues', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    const turn = session.sendMessage('FAKE:slow:10000')
    const failure = turn.result().catch((error: unknown) => error)
    await session.interrupt()
    expect(await failure).toMatchObject({ code: 'aborted', sent: 'no', sessionId: session.sessionId })
    expect(session.turnCount).toBe(0)
    expect(await session.sendMessage('FAKE:recall on').text()).toContain('seen: 1')
    await closing(run)
  })

  test('[claude.interrupt-early] the next turn does not join an aborted open that is still ending', async () => {
    const simulated = createClaudeSimulator({ version })
    const transport: typeof simulated.transport = {
      ...simulated.transport,
      async open(launch, options) {
        const link = await simulated.transport.open(launch, options)
        const late = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))
        const close = () => late().then(() => link.close())
        const read = () => late().then(() => link.read())
        return { ...link, read, close, closed: link.closed, [Symbol.asyncDispose]: async () => void (await close()) }
      },
    }
    const claude = createFullClaude({ transport, limiter: false })
    const session = claude.createSession()
    const failure = session
      .sendMessage('FAKE:echo:first')
      .result()
      .catch((error: unknown) => error)
    await expect.poll(() => simulated.runs.length, { interval: 1 }).toBe(1)
    await session.interrupt()
    expect(await failure).toMatchObject({ code: 'aborted' })
    expect(await session.sendMessage('FAKE:echo:on').text()).toBe('on')
    await closing({ simulated, claude })
  })

  test('[claude.interrupt-early] an interrupt right after the message is written stops the turn before the model answers', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    await session.initialization()
    const turn = session.sendMessage('FAKE:slow:10000')
    const failure = turn.result().catch((error: unknown) => error)
    const wroteMessage = (): boolean =>
      run.simulated.runs[0]?.received.some((line) => (line as { type: string }).type === 'user') === true
    await expect.poll(wroteMessage, { interval: 1 }).toBe(true)
    await turn.interrupt()
    expect(await failure).toMatchObject({ code: 'aborted', sent: 'yes' })
    expect(await session.sendMessage('FAKE:echo:on').text()).toBe('on')
    expect(run.simulated.runs.length).toBe(1)
    await closing(run)
  })

  test('[claude.interrupt-queued] an interrupt of a waiting turn withdraws that turn, and the running turn continues', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    const first = session.sendMessage('FAKE:slow:5').text()
    const second = session.sendMessage('FAKE:echo:second')
    await second.interrupt()
    await expect(second.result()).rejects.toMatchObject({ code: 'aborted', sent: 'no' })
    expect(await first).toContain('tick 4')
    await closing(run)
  })

  test('[claude.permission] the callback is called before the tool runs; its decision, message and input take effect', async () => {
    const run = start({ version })
    const asked: string[] = []
    const deny = await run.claude
      .query('FAKE:write:/workspace/a.txt', {
        canUseTool(name) {
          asked.push(name)
          return { behavior: 'deny', message: 'not today' }
        },
      })
      .result()
    expect(asked).toEqual(['Write'])
    expect(deny.text).toBe('Done. Tool said: "not today"')
    expect(deny.permissionDenials).toHaveLength(1)
    expect(run.simulated.files.size).toBe(0)
    await run.claude.querySimple('FAKE:write:/workspace/a.txt', {
      canUseTool: (_name, input) => ({ behavior: 'allow', updatedInput: { ...input, content: 'changed' } }),
    })
    expect(run.simulated.files.get('/workspace/a.txt')).toBe('changed')
    await closing(run)
  })

  test('[claude.permission-fails] a callback that throws or never answers refuses the tool call', async () => {
    const run = start({ version })
    const thrown = await run.claude.querySimple('FAKE:write:/a', { canUseTool: () => Promise.reject(new Error('secret detail')) })
    expect(thrown).toContain('the callback failed')
    expect(thrown).not.toContain('secret detail')
    const silent = await run.claude.querySimple('FAKE:write:/a', {
      canUseTool: () => new Promise(() => {}),
      permissionTimeoutMs: 20,
    })
    expect(silent).toContain('nobody answered in time')
    await closing(run)
  })

  test('[claude.permission-withdrawn] an interrupt withdraws the question: its signal aborts and no answer is sent', async () => {
    const run = start({ version })
    let withdrawn = false
    const session = run.claude.createSession({
      options: {
        canUseTool: (_name, _input, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              withdrawn = true
              resolve({ behavior: 'allow' })
            })
            void session.interrupt()
          }),
      },
    })
    await expect(session.sendMessage('FAKE:write:/a').result()).rejects.toMatchObject({ code: 'aborted' })
    expect(withdrawn).toBe(true)
    const answers = run.simulated.runs[0]?.received.filter((line) => (line as { type: string }).type === 'control_response')
    expect(answers).toEqual([])
    await closing(run)
  })

  test('[claude.permission-always] "always" means this session, unless a lasting rule was requested', async () => {
    const run = start({ version })
    const session = run.claude.createSession({ options: { canUseTool: () => ({ behavior: 'allow', always: 'session' }) } })
    await session.sendMessage('FAKE:write:/a').text()
    const answers = run.simulated.runs[0]?.received.flatMap((line) => {
      const { type, response } = line as { type: string; response?: { response: unknown } }
      return type === 'control_response' ? [response?.response] : []
    })
    expect(answers).toMatchObject([{ behavior: 'allow', updatedPermissions: [{ type: 'setMode', destination: 'session' }] }])
    await closing(run)
  })

  test('[claude.hooks] hooks run in the turn of the CLI, by priority, once for each call, and can refuse it', async () => {
    const run = start({ version })
    const hooks = createHookRegistry()
    const seen: string[] = []
    hooks.on('PreToolUse', () => void seen.push('low'))
    hooks.on('PreToolUse', ({ toolInput }) => void seen.push(`high:${String(toolInput?.command)}`), {
      priority: 5,
      pattern: 'Bash|Edit',
    })
    hooks.on('PreToolUse', () => void seen.push('never'), { pattern: 'Bas' })
    hooks.on('PostToolUse', () => void seen.push('post'))
    hooks.on('UserPromptSubmit', ({ prompt }) => void seen.push(`prompt:${prompt}`))
    hooks.on('Stop', () => void seen.push('stop'))
    await run.claude.querySimple('FAKE:bash:echo hi', { hooks })
    expect(seen).toEqual(['prompt:FAKE:bash:echo hi', 'high:echo hi', 'low', 'post', 'stop'])
    const refusing = createHookRegistry()
    refusing.on('PreToolUse', () => ({ permission: 'deny', reason: 'no commands' }))
    expect(await run.claude.querySimple('FAKE:bash:echo hi', { hooks: refusing })).toContain('no commands')
    const closed = createHookRegistry()
    closed.on('PreToolUse', () => Promise.reject(new Error('broken')), { onFailure: 'closed' })
    expect(await run.claude.querySimple('FAKE:bash:echo hi', { hooks: closed })).toContain('A hook failed.')
    await closing(run)
  })

  test('[claude.hook-input] if a hook changes the input without allowing the call, the change takes effect or the call is refused', async () => {
    const run = start({ version })
    const hooks = createHookRegistry()
    hooks.on('PreToolUse', () => ({ updatedInput: { command: 'echo changed' } }))
    const text = await run.claude.querySimple('FAKE:bash:echo original', { hooks })
    expect(text).toContain(version === '2.0.76' ? 'ignores a changed input' : '"changed"')
    expect(text).not.toContain('original')
    const allowing = createHookRegistry()
    allowing.on('PreToolUse', () => ({ permission: 'allow', updatedInput: { command: 'echo changed' } }))
    expect(await run.claude.querySimple('FAKE:bash:echo original', { hooks: allowing })).toContain('"changed"')
    await closing(run)
  })

  test('[claude.in-process-tools] [claude.mcp-before-initialize] tools in this process are served before the CLI answers initialize', async () => {
    const run = start({ version })
    const calc = createSdkMcpServer({ name: 'calc', tools: [ADD] })
    const options = { mcpServers: { calc }, allowedTools: ['mcp__calc__add'] }
    expect(await run.claude.querySimple('FAKE:tool:mcp__calc__add {"a":2,"b":3}', options)).toContain(
      '\\"text\\":\\"5\\"'.replaceAll('\\', ''),
    )
    expect(await run.claude.querySimple('FAKE:tool:mcp__calc__add {"a":2}', options)).toContain('input.b is missing')
    await closing(run)
  })

  test('[claude.control] model, mode and status can be read and changed; a request that a version lacks times out or is refused', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    await session.setModel('claude-haiku-4-5')
    await session.setPermissionMode('acceptEdits')
    expect(await session.mcpStatus()).toEqual([])
    await expect(session.rewindFiles('0a000000-0000-4000-8000-000000000001')).rejects.toMatchObject({ code: 'remote', sent: 'yes' })
    await expect(session.control('no_such_subtype')).rejects.toMatchObject({ code: 'unsupported', sent: 'yes' })
    const messages: ClaudeMessage[] = []
    for await (const message of session.sendMessage('say hello')) messages.push(message)
    expect(messages[0]).toMatchObject({ type: 'init', model: 'claude-haiku-4-5', permissionMode: 'acceptEdits' })
    await closing(run)
  })

  test('[claude.stdin-owned] stdin stays open while anything is pending, and only the client closes it', async () => {
    const run = start({ version })
    let release = (): void => {}
    const waiting = new Promise<void>((resolve) => {
      release = resolve
    })
    const turn = run.claude.query('FAKE:write:/a', {
      async canUseTool() {
        await waiting
        return { behavior: 'allow' }
      },
    })
    const text = turn.text()
    await expect
      .poll(() => run.simulated.runs[0]?.written.some((line) => (line as { type: string }).type === 'control_request'))
      .toBe(true)
    release()
    expect(await text).toContain('File created successfully')
    await closing(run)
  })

  test('[claude.close-refuses-queued] close stops the running turn, refuses waiting turns, and can be called twice', async () => {
    const run = start({ version })
    const session = run.claude.createSession()
    const running = session
      .sendMessage('FAKE:slow:10000')
      .result()
      .catch((error) => error)
    const waiting = session
      .sendMessage('later')
      .result()
      .catch((error) => error)
    await expect.poll(() => run.simulated.runs.length).toBe(1)
    await Promise.all([session.close(), session.close()])
    // The result depends on which is first: the close, or the line of the CLI that says it was interrupted.
    expect(['closed', 'aborted']).toContain((await running).code)
    expect(await waiting).toMatchObject({ code: 'closed', sent: 'no' })
    expect(() => session.sendMessage('x')).toThrow(/closed/)
    await closing(run)
  })

  test('[claude.context-in-message] context is sent in the message, and options are never changed', async () => {
    const run = start({ version })
    const options = Object.freeze({ context: { key: 'value' }, model: 'sonnet' })
    const session = run.claude.createSession({ options })
    await session.sendMessage('hello').text()
    await session.sendMessage('again', { context: { other: 1 } }).text()
    const sent = run.simulated.runs[0]?.received.flatMap((line) => {
      const { type, message } = line as { type: string; message?: { content: string } }
      return type === 'user' ? [message?.content] : []
    })
    expect(sent?.[0]).toContain('[Turn Context]\n```json\n{\n  "key": "value"\n}\n```\n\nhello')
    expect(sent?.[1]).toContain('"other": 1')
    await closing(run)
  })
})

test('[claude.unsolicited] a turn that the CLI starts by itself is never taken for a turn of the caller', async () => {
  const run = start()
  const turns: string[] = []
  const session = run.claude.createSession({
    onTurn: (turn) => {
      void turn.text().then((text) => turns.push(`${turn.unsolicited}:${text}`))
    },
  })
  expect(await session.sendMessage('FAKE:echo:ours').text()).toBe('ours')
  run.simulated.speak('FAKE:echo:a background agent is done')
  await expect.poll(() => turns).toEqual(['true:a background agent is done'])
  expect(await session.sendMessage('FAKE:echo:ours again').text()).toBe('ours again')
  await closing(run)
})

test('[claude.store] sessions are saved after each turn, listed, loaded with their model, and forgotten', async () => {
  const store = memorySessionStore()
  const run = start({}, { store })
  const session = await run.claude.sessions.createSession({ options: { model: 'opus' }, tags: ['work'] })
  await session.sendMessage('FAKE:echo:hello').text()
  await session.close()
  expect(await store.load(session.sessionId)).toMatchObject({
    status: 'closed',
    model: 'opus',
    turnCount: 1,
    lastResponse: 'hello',
    tags: ['work'],
  })
  expect(await run.claude.sessions.peekSession(session.sessionId)).toMatchObject({ status: 'closed' })
  expect(run.claude.sessions.activeSessionCount).toBe(0)
  const loaded = await run.claude.loadSession(session.sessionId)
  expect(loaded?.options.model).toBe('opus')
  expect(await loaded?.sendMessage('FAKE:recall again').text()).toContain('seen: 2')
  await loaded?.close()
  expect(await run.claude.sessions.getStats()).toMatchObject({ totalSessions: 1, closedSessions: 1, totalTokens: 290 })
  expect(await run.claude.sessions.deleteSession(session.sessionId)).toBe(true)
  expect(await run.claude.sessions.getSession(session.sessionId)).toBeNull()
  await closing(run)
  await store.close()
})

test('[claude.events-order] the events of a turn arrive in their documented order', async () => {
  const run = start()
  const seen: string[] = []
  run.claude.events.on((event) => void seen.push(event.type))
  const session = run.claude.createSession()
  await session.sendMessage('FAKE:bash:echo hi').text()
  await session.close()
  expect(seen).toEqual([
    'session.created',
    'turn.started',
    'message.received',
    'tool.called',
    'tool.result',
    'message.received',
    'tokens.used',
    'cost.incurred',
    'turn.completed',
    'session.persisted',
    'session.persisted',
    'session.closed',
  ])
  await closing(run)
})

test('[claude.pool] a pool limits its processes, keeps priorities, cancels running tasks, and always ends its iterators', async () => {
  const run = start()
  const pool = run.claude.createPool({ maxWorkers: 2, maxQueueSize: 3 })
  const done = await pool.map([
    'FAKE:echo:1',
    'FAKE:echo:2',
    'FAKE:echo:3',
    'FAKE:400',
    'FAKE:echo:5',
    'FAKE:echo:6',
    'FAKE:echo:7',
  ])
  expect(done.map((one) => (one.status === 'fulfilled' ? one.value.text : 'failed'))).toEqual([
    '1',
    '2',
    '3',
    'failed',
    '5',
    '6',
    '7',
  ])
  const slow = await pool.submit('FAKE:slow:10000')
  const slower = await pool.submit('FAKE:slow:10000')
  const order: string[] = []
  const low = await pool.submit('FAKE:echo:low')
  const high = await pool.submit('FAKE:echo:high', { priority: 9 })
  void low.result().then(() => order.push('low'))
  void high.result().then(() => order.push('high'))
  expect(pool.stats()).toMatchObject({ activeTasks: 2, pendingTasks: 2, utilization: 100 })
  expect(slow.cancel()).toBe(true)
  await expect(slow.result()).rejects.toMatchObject({ code: 'aborted' })
  await expect.poll(() => order).toEqual(['high', 'low'])
  const iterating = (async () => {
    for await (const _message of slower);
  })()
  const ended = iterating.then(
    () => 'ended without a failure',
    (error: unknown) => error,
  )
  await pool.shutdown({ drain: false })
  expect(await ended).toMatchObject({ code: 'aborted' })
  expect(slower.status).toBe('cancelled')
  await expect(pool.submit('x')).rejects.toMatchObject({ code: 'closed' })
  await closing(run)
})

test('[claude.pool-iterate] a pool task is iterated and awaited, in either order', async () => {
  const run = start()
  const pool = run.claude.createPool({ maxWorkers: 2 })
  const read = async (task: AsyncIterable<ClaudeMessage>): Promise<string> => {
    let text = ''
    for await (const message of task) if (message.type === 'text') text += message.content
    return text
  }
  const iterated = await pool.submit('FAKE:multi')
  expect(await Promise.all([read(iterated), iterated.text()])).toEqual(['First block. Second block.', 'First block. Second block.'])
  const awaited = await pool.submit('FAKE:multi')
  expect(await awaited.text()).toBe('First block. Second block.')
  expect(await read(awaited)).toBe('First block. Second block.')
  expect((await pool.map(['FAKE:echo:a', 'FAKE:echo:b'])).every(({ status }) => status === 'fulfilled')).toBe(true)
  await pool.shutdown()
  await closing(run)
})
