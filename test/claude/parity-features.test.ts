/** What the client has because the agent SDK 0.3.332 has it: typed lines, hooks, dialogs, options, controls. */
import { describe, expect, test } from 'vitest'
import {
  createClaude,
  createDeriver,
  createHookRegistry,
  HOOK_EVENTS,
  isEventLine,
  isSystemLine,
  launchPlan,
} from '../../src/claude/index.js'
import type { ClaudeLine, ClaudeMessage, Controls } from '../../src/claude/index.js'
import { createClaudeSimulator } from '../../src/testing/index.js'
import { SignalboxError } from '../../src/index.js'

const GENERATIONS = ['2.0.76', '2.1.197', '2.1.329'] as const
const start = (version: string = '2.1.329') => {
  const simulator = createClaudeSimulator({ version, files: new Map([['/workspace/notes.txt', 'one note\n']]) })
  return { simulator, claude: createClaude({ transport: simulator.transport }) }
}
const derive = (line: ClaudeLine): ClaudeMessage[] => {
  const out: ClaudeMessage[] = []
  createDeriver().line(line, out)
  return out
}

describe('[claude.typed-lines] lines of the agent SDK', () => {
  test('a known system line becomes a system message whose raw line keeps unknown fields', () => {
    const line = { type: 'system', subtype: 'task_started', task_id: 't1', description: 'sub', session_id: 's', further: 1 }
    const [message] = derive(line)
    if (message?.type !== 'system' || message.subtype !== 'task_started') throw new Error('not a task_started message')
    // Typed: `task_id` is a string without a cast.
    const id: string = message.raw.task_id
    expect([id, message.sessionId, message.raw.further]).toEqual(['t1', 's', 1])
  })

  test('a known line of another type becomes an event message', () => {
    const line = { type: 'tool_progress', tool_use_id: 'u', tool_name: 'Bash', parent_tool_use_id: null, elapsed_time_seconds: 3 }
    const [message] = derive(line)
    if (message?.type !== 'event' || message.event !== 'tool_progress') throw new Error('not a tool_progress message')
    const seconds: number = message.raw.elapsed_time_seconds
    expect(seconds).toBe(3)
  })

  test('a line that lacks a required field, an unknown subtype and an unknown type become unknown messages', () => {
    expect(derive({ type: 'system', subtype: 'task_started', description: 'no id' })).toMatchObject([
      { type: 'unknown', eventType: 'system/task_started' },
    ])
    expect(derive({ type: 'system', subtype: 'constructor' })).toMatchObject([{ type: 'unknown', eventType: 'system/constructor' }])
    expect(derive({ type: 'tool_progress' })).toMatchObject([{ type: 'unknown', eventType: 'tool_progress' }])
    expect(derive({ type: 'toString' })).toMatchObject([{ type: 'unknown', eventType: 'toString' }])
  })

  test('the guards refuse a line of another subtype', () => {
    const line: ClaudeLine = { type: 'system', subtype: 'session_state_changed', state: 'idle' }
    expect([isSystemLine(line, 'session_state_changed'), isSystemLine(line, 'task_started')]).toEqual([true, false])
    expect(isEventLine(line, 'tool_progress')).toBe(false)
  })
})

describe('[claude.hook-names] hooks', () => {
  test('every event of the agent SDK 0.3.332 can be registered and is announced to the CLI', async () => {
    const { simulator, claude } = start()
    const hooks = createHookRegistry()
    for (const event of HOOK_EVENTS) hooks.on(event, () => {})
    await claude.querySimple('FAKE:echo:hi', { hooks })
    const asked = simulator.runs[0]?.received[0] as { request: { hooks: object } }
    expect(Object.keys(asked.request.hooks).sort()).toEqual([...HOOK_EVENTS].sort())
    expect(HOOK_EVENTS).toHaveLength(34)
    await claude.close()
  })

  test('the fields of one event are typed, and its answer can have fields of its own', async () => {
    const { simulator, claude } = start()
    const hooks = createHookRegistry()
    hooks.on('ElicitationResult', ({ raw }) => {
      const server: string = raw.mcp_server_name
      return { specific: { action: 'decline', content: { server } } }
    })
    const session = claude.createSession({ options: { hooks } })
    await session.initialization()
    const input = { hook_event_name: 'ElicitationResult', mcp_server_name: 'docs', action: 'accept' }
    const answer = await simulator.ask({ subtype: 'hook_callback', callback_id: 'sbx:ElicitationResult', input })
    const expected = { hookEventName: 'ElicitationResult', action: 'decline', content: { server: 'docs' } }
    expect(answer).toEqual({ hookSpecificOutput: expected })
    await claude.close()
  })
})

describe('[claude.dialogs] questions to the user', () => {
  const elicitation = {
    subtype: 'elicitation',
    mcp_server_name: 'docs',
    message: 'Your name?',
    mode: 'form',
    requested_schema: { type: 'object' },
  }

  test('an elicitation is answered by its callback, and declined without one or when the callback fails', async () => {
    const { simulator, claude } = start()
    const ask = async (options: Parameters<typeof claude.query>[1]): Promise<unknown> => {
      const session = claude.createSession({ options: options ?? {} })
      await session.initialization()
      return await simulator.ask(elicitation)
    }
    const seen: unknown[] = []
    const accepted = await ask({
      onElicitation: ({ serverName, message, mode, requestedSchema }) => {
        seen.push(serverName, message, mode, requestedSchema)
        return { action: 'accept', content: { name: 'Ada' } }
      },
    })
    expect(accepted).toEqual({ action: 'accept', content: { name: 'Ada' } })
    expect(seen).toEqual(['docs', 'Your name?', 'form', { type: 'object' }])
    expect(await ask({})).toEqual({ action: 'decline' })
    expect(await ask({ onElicitation: () => null })).toEqual({ action: 'decline' })
    const throws = (): never => {
      throw new Error('no')
    }
    expect(await ask({ onElicitation: throws })).toEqual({ action: 'decline' })
    await claude.close()
  })

  test('a withdrawn elicitation aborts the signal of its callback and is not answered', async () => {
    const { simulator, claude } = start()
    let aborted = false
    const onElicitation = (_request: unknown, { signal }: { signal: AbortSignal }): Promise<never> =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true
          reject(signal.reason)
        }),
      )
    const session = claude.createSession({ options: { onElicitation } })
    await session.initialization()
    const controller = new AbortController()
    const asked = simulator.ask(elicitation, controller.signal)
    asked.catch(() => {})
    await expect.poll(() => simulator.runs[0]?.written.length).toBeGreaterThan(1)
    controller.abort()
    await expect(asked).rejects.toThrow('withdrawn')
    await expect.poll(() => aborted).toBe(true)
    const answers = (simulator.runs[0]?.received ?? []).filter((line) => (line as { type: string }).type === 'control_response')
    expect(answers).toEqual([])
    await claude.close()
  })

  test('the kinds of dialog are declared, a dialog is answered, and a callback that gives nothing cancels it', async () => {
    const { simulator, claude } = start()
    const session = claude.createSession({
      options: {
        supportedDialogKinds: ['refusal_fallback_prompt'],
        onUserDialog: ({ dialogKind, payload, toolUseId }) =>
          dialogKind === 'refusal_fallback_prompt'
            ? { behavior: 'completed', result: { chosen: payload.first, toolUseId } }
            : undefined,
      },
    })
    await session.initialization()
    const dialog = {
      subtype: 'request_user_dialog',
      dialog_kind: 'refusal_fallback_prompt',
      payload: { first: 'a' },
      tool_use_id: 't',
    }
    expect(await simulator.ask(dialog)).toEqual({ behavior: 'completed', result: { chosen: 'a', toolUseId: 't' } })
    expect(await simulator.ask({ ...dialog, dialog_kind: 'other' })).toEqual({ behavior: 'cancelled' })
    const first = simulator.runs[0]?.received[0] as { request: object }
    expect(first.request).toMatchObject({ supportedDialogKinds: ['refusal_fallback_prompt'] })
    await claude.close()
  })
})

describe('[claude.sdk-options] options of the agent SDK', () => {
  test('the sandbox becomes a part of the settings, and a path of settings beside it is refused', () => {
    const { args } = launchPlan({
      settings: { model: 'opus' },
      sandbox: { enabled: true, network: { allowedDomains: ['a.example'] } },
    })
    const settings = { model: 'opus', sandbox: { enabled: true, network: { allowedDomains: ['a.example'] } } }
    expect(args).toContainEqual({ flag: '--settings', content: JSON.stringify(settings) })
    expect(launchPlan({ settings: '/etc/settings.json' }).args).toContain('--settings=/etc/settings.json')
    expect(() => launchPlan({ settings: '/etc/settings.json', sandbox: { enabled: true } })).toThrow(/path of a file/)
  })

  test('options that protect something are refused for a CLI that does not know them', () => {
    const id = crypto.randomUUID()
    const drops = { resume: id, resumeSessionAt: id, resumeDropsTurn: id }
    expect(launchPlan(drops, [2, 1, 329]).args).toContain(`--resume-drops-turn=${id}`)
    expect(() => launchPlan(drops, [2, 0, 76])).toThrow(/does not know/)
    expect(() => launchPlan({ projectConfigRoot: '/repo' }, [2, 1, 197])).toThrow(/does not know/)
    expect(() => launchPlan({ resumeDropsTurn: id })).toThrow(/needs resumeSessionAt/)
  })

  test('options of initialize travel there under the names of the CLI, and a field of `initialize` wins', async () => {
    const { simulator, claude } = start()
    await claude.querySimple('FAKE:echo:hi', {
      title: 'One',
      skills: ['pdf'],
      toolAliases: { Shell: 'Bash' },
      planModeInstructions: 'Plan.',
      agentProgressSummaries: true,
      perTaskStop: true,
      verbatim: true,
      initialize: { title: 'Two' },
    })
    const [asked, said] = (simulator.runs[0]?.received ?? []) as [{ request: object }, object]
    expect(asked.request).toMatchObject({
      title: 'Two',
      skills: ['pdf'],
      toolAliases: { Shell: 'Bash' },
      planModeInstructions: 'Plan.',
      agentProgressSummaries: true,
      perTaskStopAffordance: true,
    })
    expect(said).toMatchObject({ type: 'user', client_composed: true })
    await claude.close()
  })
})

/** Every control request that takes no session of its own, with arguments that a CLI accepts. */
const CALLS: Readonly<Record<string, (controls: Controls) => Promise<unknown>>> = {
  rename: (on) => on.rename('Title'),
  usage: (on) => on.usage({ skipBehaviors: true }),
  readFile: (on) => on.readFile('/workspace/notes.txt', { maxBytes: 100 }),
  seedReadState: (on) => on.seedReadState('/workspace/notes.txt', 1),
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

describe.each(GENERATIONS)('[claude.sdk-controls] control requests of the agent SDK on %s', (version) => {
  test('a request is answered by the generation that has it, and is unsupported on the others', { timeout: 60_000 }, async () => {
    const { claude } = start(version)
    const session = claude.createSession()
    await session.initialization()
    const outcomes = await Promise.all(
      Object.entries(CALLS).map(async ([name, call]) => {
        const outcome = await call(session).then(
          () => 'answered',
          (error: unknown) => (SignalboxError.is(error) ? error.code : 'other'),
        )
        return [name, outcome]
      }),
    )
    const expected = Object.keys(CALLS).map((name) => {
      const has = version === '2.1.329' || (version === '2.1.197' && !NEWEST_ONLY.has(name))
      return [name, has ? 'answered' : 'unsupported']
    })
    expect(outcomes).toEqual(expected)
    const thinking = session.setMaxThinkingTokens(1_000, { display: 'omitted' })
    await expect(thinking).resolves.toBeDefined()
    if (version !== '2.0.76') {
      expect((await session.readFile('/workspace/notes.txt')).contents).toBe('one note\n')
      await expect(session.taskOutput('none')).rejects.toMatchObject({ code: version === '2.1.329' ? 'remote' : 'unsupported' })
    }
    await claude.close()
  })
})

describe('[claude.startup] a process that waits for its prompt', () => {
  test('the process runs the prompt; a process that died before is replaced', async () => {
    const { simulator, claude } = start()
    const warm = await claude.startup()
    expect(simulator.running).toBe(1)
    expect(await warm.query('FAKE:echo:one').text()).toBe('one')
    expect(simulator.runs).toHaveLength(1)
    const dead = await claude.startup()
    simulator.kill()
    await expect.poll(() => simulator.running).toBe(0)
    expect(await dead.query('FAKE:echo:two').text()).toBe('two')
    expect(simulator.runs).toHaveLength(3)
    await claude.close()
  })

  test('a client that is closed ends it, and so does its own close', async () => {
    const { simulator, claude } = start()
    await (await claude.startup()).close()
    expect(simulator.running).toBe(0)
    await claude.startup()
    await claude.close()
    await expect.poll(() => simulator.running).toBe(0)
  })
})
