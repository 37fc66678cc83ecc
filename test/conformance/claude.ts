/** What the Claude client does on every runtime: against the simulator, or against a real CLI that speaks to the scripted model. */
import {
  type ClaudeError,
  type ClaudeLaunch,
  type ClaudeMessage,
  createClaude,
  createSdkMcpServer,
  tool,
} from '../../src/claude/index.js'
import { check, checkEqual, checkRejects, type Case } from '../../src/testing/index.js'
import { SignalboxError, type StreamTransport } from '../../src/index.js'

export interface ClaudeContext {
  /** A transport to a CLI whose model is the scripted one. */
  transport(): Promise<StreamTransport<ClaudeLaunch>>
  /** A path that the model may be told to write to. */
  readonly writablePath: string
  /** How long a start of this CLI may take. Left out: it is in memory, and cases that wait for a moment of a turn wait a tenth as long. */
  readonly startMs?: number
}

/** Moments before, during and after the start of a CLI. */
const moments = ({ startMs }: ClaudeContext): number[] => [0, 100, 400, 900].map((ms) => (startMs === undefined ? ms / 10 : ms))

type Client = ReturnType<typeof createClaude>

function lawOf(title: string, run: (claude: Client, context: ClaudeContext) => Promise<void>): Case<ClaudeContext> {
  return {
    id: 'claude.conformance',
    title,
    async run(context) {
      const claude = createClaude({ transport: await context.transport(), limiter: false, defaults: { maxApiRetries: 1 } })
      try {
        await run(claude, context)
      } finally {
        await claude.close()
      }
    },
  }
}

const named = (id: string, title: string, run: (claude: Client, context: ClaudeContext) => Promise<void>): Case<ClaudeContext> => ({
  ...lawOf(title, run),
  id,
})

const ADD = tool<{ a: number; b: number }>(
  'add',
  'Adds two numbers',
  { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  ({ a, b }) => String(a + b),
)

export const cases: readonly Case<ClaudeContext>[] = [
  lawOf('a simple query gives its text, and two blocks give both', async (claude) => {
    checkEqual(await claude.querySimple('say hello'), 'Hello from the fake model.')
    checkEqual(await claude.querySimple('FAKE:multi'), 'First block. Second block.')
  }),
  lawOf('a prompt that begins with a dash, or has line separators and multi-byte characters, arrives unchanged', async (claude) => {
    checkEqual(await claude.querySimple('- FAKE:echo:dashed'), 'dashed')
    check((await claude.querySimple('FAKE:unicode')).includes('\u2028 line separator'), 'the separator is lost')
  }),
  lawOf('a session keeps its history; its fork has that history too, and does not change the session', async (claude) => {
    const session = claude.createSession()
    check((await session.sendMessage('FAKE:recall one').text()).includes('seen: 1'), 'first turn')
    check((await session.sendMessage('FAKE:recall two').text()).includes('seen: 2'), 'second turn')
    const fork = session.fork()
    check((await fork.sendMessage('FAKE:recall three').text()).includes('seen: 3'), 'the fork has no history')
    check((await session.sendMessage('FAKE:recall four').text()).includes('seen: 3'), 'the fork changed its parent')
  }),
  lawOf('a failed first turn leaves the session usable', async (claude) => {
    const session = claude.createSession()
    await checkRejects(session.sendMessage('FAKE:400').result(), 'invalid_argument')
    checkEqual(await session.sendMessage('FAKE:echo:better').text(), 'better')
  }),
  lawOf('a permission callback refuses before the tool runs, and the model reads why', async (claude, { writablePath }) => {
    const result = await claude
      .query(`FAKE:write:${writablePath}`, { canUseTool: () => ({ behavior: 'deny', message: 'not today' }) })
      .result()
    checkEqual(result.text, 'Done. Tool said: "not today"')
    checkEqual(result.permissionDenials.length, 1)
  }),
  lawOf('a refusal that ends the turn gives aborted, and the next turn is a normal one', async (claude, { writablePath }) => {
    const session = claude.createSession({
      options: { canUseTool: () => ({ behavior: 'deny', message: 'Stop now.', interrupt: true }) },
    })
    await checkRejects(session.sendMessage(`FAKE:write:${writablePath}`).result(), 'aborted')
    // The text is not checked, because the model chooses it: the refusal is in the same message as the text after it.
    checkEqual((await session.sendMessage('FAKE:echo:after the refusal').result()).isError, false)
    await session.close()
  }),
  lawOf("tools of this process run in the CLI's turn", async (claude) => {
    const calc = createSdkMcpServer({ name: 'calc', tools: [ADD] })
    const text = await claude.querySimple('FAKE:tool:mcp__calc__add {"a":2,"b":3}', {
      mcpServers: { calc },
      allowedTools: ['mcp__calc__add'],
    })
    check(text.includes('5'), `the sum is not in ${text}`)
  }),
  lawOf('an interrupt ends the turn as aborted, and the next turn is a normal one', async (claude) => {
    const session = claude.createSession({ options: { includePartial: true } })
    const turn = session.sendMessage('FAKE:slow:400')
    let last: ClaudeMessage | undefined
    let asked = false
    for await (const message of turn) {
      last = message
      if (message.type === 'text' && !asked) {
        asked = true
        void turn.interrupt()
      }
    }
    check(last?.type === 'result' && last.error?.code === 'aborted', 'the turn did not end as aborted')
    checkEqual(await session.sendMessage('FAKE:echo:on').text(), 'on')
  }),
  lawOf('an interrupt at any time stops a query, and resolves when the query has stopped', async (claude, context) => {
    for (const delayMs of moments(context)) {
      const turn = claude.query('FAKE:slow:400')
      const end = turn.result().catch((error: unknown) => error)
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      await turn.interrupt()
      check(SignalboxError.is(await end, 'aborted'), `a query that was interrupted after ${delayMs} ms was not aborted`)
    }
  }),
  {
    ...lawOf(
      'an interrupt at any time stops the first turn of a session, and the next turn is a normal one',
      async (claude, context) => {
        for (const delayMs of moments(context)) {
          const session = claude.createSession()
          const end = session
            .sendMessage('FAKE:slow:400')
            .result()
            .catch((error: unknown) => error)
          await new Promise((resolve) => setTimeout(resolve, delayMs))
          await session.interrupt()
          check(SignalboxError.is(await end, 'aborted'), `a turn that was interrupted after ${delayMs} ms was not aborted`)
          checkEqual(await session.sendMessage('FAKE:echo:on').text(), 'on')
          await session.close()
        }
      },
    ),
    id: 'claude.conformance.first-turn',
  },
  named('claude.input', 'a message that is sent while a tool runs is read in the same turn', async (claude) => {
    const turn = claude.query('FAKE:sleep:1', { allowedTools: ['Bash'], replayUserMessages: true })
    const seen: ClaudeMessage[] = []
    for await (const message of turn) {
      seen.push(message)
      if (message.type === 'toolUse' && seen.filter(({ type }) => type === 'toolUse').length === 1)
        await turn.send('FAKE:echo:second', { priority: 'next' })
    }
    const read = seen.findIndex((message) => message.type === 'user' && message.isReplay && message.text === 'FAKE:echo:second')
    check(read !== -1 && read < seen.findIndex(({ type }) => type === 'result'), 'the message was not read before the result')
    await checkRejects(turn.send('too late'), 'closed')
  }),
  named('claude.input', 'a message that is sent while the model writes is answered in the same turn', async (claude) => {
    const turn = claude.query('FAKE:slow:20', { replayUserMessages: true })
    const results: string[] = []
    let asked = false
    let costUsd = 0
    for await (const message of turn) {
      if (message.type === 'init' && !asked) {
        asked = true
        await turn.send('FAKE:echo:second')
      }
      if (message.type === 'result') {
        results.push(message.text)
        costUsd = message.totalCostUsd
      }
    }
    checkEqual(results.length, 2)
    checkEqual(results.at(-1), 'second')
    const result = await turn.result()
    checkEqual(result.text, 'second')
    checkEqual(result.costUsd, costUsd)
  }),
  named(
    'claude.input',
    'a turn with a stream of input is over when the stream has ended and everything is answered',
    async (claude) => {
      const turn = claude.query('FAKE:echo:one', { replayUserMessages: true })
      let next: (() => void) | undefined
      const results: string[] = []
      const source = async function* (): AsyncGenerator<string> {
        for (const prompt of ['FAKE:echo:two', 'FAKE:echo:three']) {
          await new Promise<void>((resolve) => {
            next = resolve
          })
          yield prompt
        }
      }
      const sent = turn.streamInput(source())
      for await (const message of turn) {
        if (message.type !== 'result') continue
        results.push(message.text)
        next?.()
      }
      await sent
      checkEqual(results, ['one', 'two', 'three'])
      await checkRejects(turn.streamInput(['more']), 'closed')
    },
  ),
  named(
    'claude.input',
    'an interrupt stops the turn and the message that waits in it, and the next turn is a normal one',
    async (claude) => {
      const session = claude.createSession({ options: { replayUserMessages: true } })
      const turn = session.sendMessage('FAKE:slow:400')
      const end = turn.result().catch((error: unknown) => error)
      await turn.send('FAKE:slow:400')
      await turn.interrupt()
      check(SignalboxError.is(await end, 'aborted'), 'the turn was not aborted')
      checkEqual(await session.sendMessage('FAKE:echo:on').text(), 'on')
      await session.close()
    },
  ),
  named(
    'claude.query-controls',
    'a query takes control requests while it runs, and refuses them when it is over',
    async (claude) => {
      const turn = claude.query('FAKE:slow:20')
      const { commands } = await turn.controls.initialization()
      check(Array.isArray(commands) && commands.length > 0, 'there are no commands')
      checkEqual(await turn.controls.mcpStatus(), [])
      await turn.controls.setModel('opus')
      await turn.result()
      await checkRejects(turn.controls.mcpStatus(), 'closed')
    },
  ),
  named('claude.startup', 'a process that was started before its prompt answers it, and takes no second one', async (claude) => {
    const warm = await claude.startup({ includePartial: true })
    const turn = warm.query('FAKE:echo:warm')
    checkEqual(await turn.text(), 'warm')
    try {
      warm.query('again')
      check(false, 'a second prompt was taken')
    } catch (error) {
      check(SignalboxError.is(error, 'conflict'), 'a second prompt is a conflict')
    }
    await (await claude.startup()).close()
  }),
  lawOf('a turn that is aborted in the middle of its text has the text so far', async (claude) => {
    const controller = new AbortController()
    const turn = claude.query('FAKE:slow:400', { includePartial: true, signal: controller.signal })
    const end = turn.result().catch((error: unknown) => error)
    let shown = ''
    try {
      for await (const message of turn) {
        if (message.type === 'text') shown += message.content
        if (shown.includes('tick 3')) controller.abort()
      }
    } catch {
      // The same failure as the result's.
    }
    const { code, partialText } = (await end) as ClaudeError
    checkEqual(code, 'aborted')
    check(partialText?.includes('tick 3') === true, 'the text that was shown is lost')
  }),
  lawOf('each failure has its own class', async (claude) => {
    await checkRejects(claude.querySimple('FAKE:403'), 'permission_denied')
    await checkRejects(claude.querySimple('FAKE:429'), 'rate_limited')
    await checkRejects(claude.querySimple('FAKE:500'), 'unavailable')
    await checkRejects(claude.querySimple('FAKE:toolong'), 'invalid_argument')
    await checkRejects(claude.querySimple('FAKE:maxtokens'), 'remote')
    await checkRejects(claude.querySimple('FAKE:loop', { maxTurns: 2, allowedTools: ['Bash'] }), 'remote')
  }),
  lawOf('a hang ends at the deadline', async (claude, { startMs = 300 }) => {
    await checkRejects(claude.querySimple('FAKE:hang', { timeoutMs: startMs }), 'deadline_exceeded')
  }),
  lawOf('an unknown session is not found', async (claude) => {
    await checkRejects(claude.resumeSession('11111111-2222-4333-8444-555555555555').sendMessage('hi').text(), 'not_found')
  }),
  lawOf('structured output is returned parsed', async (claude) => {
    const jsonSchema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'number' } }, required: ['name'] }
    checkEqual((await claude.query('FAKE:schema', { jsonSchema }).result()).structuredOutput, { name: 'Ada', age: 36 })
    const outputSchema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...jsonSchema }
    checkEqual((await claude.query('FAKE:schema', { outputSchema }).result()).structuredOutput, { name: 'Ada', age: 36 })
  }),
]
