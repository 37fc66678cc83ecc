/** The pure parts: argv, environment, settings, prices, metrics, text, and the tables held to the types. */
import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import {
  createFullClaude,
  encodeContext,
  FLAGS,
  launchEnv,
  launchPlan,
  MEASURED,
  OTHER_FIELDS,
  type Version,
} from '../../src/claude/index.js'
import * as main from '../../src/claude/index.js'
import * as ops from '../../src/claude/ops/index.js'
import * as scopes from '../../src/claude/scopes.js'
import { decodeToon, shouldUseToon, toon, toonBy } from '../../src/claude/toon.js'
import { createClaudeSimulator } from '../../src/testing/claude/simulator.js'
import { generationOf } from '../../src/testing/claude/generation.js'
import { parseArguments } from '../../src/testing/claude/arguments.js'
import { createFakeClock } from '../../src/testing/clock.js'
import { CHECKLIST, LEFT_OUT } from './checklist.js'

const argsOf = (launch: main.ClaudeLaunch, version?: Version) => launchPlan(launch, version).args

const NAMES = /^(?:interface|const|function|class|type) (\w+)/gm

/** Every export of the entrypoints, types too, from the reports of the public API. */
const EXPORTED = new Set(
  ['claude', 'api', 'toon']
    .map((name) => readFileSync(new URL(`../api/claude${name === 'claude' ? '' : `-${name}`}.md`, import.meta.url), 'utf8'))
    .flatMap((report) => [...report.matchAll(NAMES)].map(([, name]) => name as string)),
)

/** The fields of the launch type, from its source: types are gone at run time. */
const FIELDS = [
  ...readFileSync(new URL('../../src/claude/launch/launch.ts', import.meta.url), 'utf8')
    .split('export interface ClaudeLaunch {')[1]!
    .matchAll(/^ {2}readonly (\w+)\?:/gm),
].map(([, name]) => name as string)

describe('argv', () => {
  test('[claude.argv-joined] every flag with its value is one token, so no value is lost or read as a flag', () => {
    const args = argsOf({ allowedTools: ['Bash', 'Read'], systemPrompt: '- be brief', addDirs: ['/a', '/b'], tools: [] })
    expect(args).toEqual([
      '-p',
      '--output-format=stream-json',
      '--verbose',
      '--input-format=stream-json',
      '--system-prompt=- be brief',
      '--allowedTools=Bash,Read',
      '--tools=',
      '--add-dir=/a',
      '--add-dir=/b',
    ])
  })

  test('[claude.argv-private] secrets and long texts are never on the command line', () => {
    const args = argsOf({ mcpServers: { s: { command: 'x', env: { TOKEN: 'secret' } } }, systemPrompt: 'z'.repeat(200_000) })
    const onLine = args.filter((argument) => typeof argument === 'string').join(' ')
    expect(onLine).not.toContain('secret')
    expect(onLine.length).toBeLessThan(500)
    expect(args.filter((argument) => typeof argument !== 'string').map(({ flag }) => flag)).toEqual([
      '--mcp-config',
      '--system-prompt-file',
    ])
  })

  test('[claude.argv-gate] a flag that a version would refuse is left out; if the flag protects something, the launch is refused', () => {
    const launch = { effort: 'high', name: 'x', includeHookEvents: true } as const
    expect(launchPlan(launch, MEASURED.a).omitted).toEqual(['--effort', '--name', '--include-hook-events'])
    expect(launchPlan(launch, MEASURED.b).omitted).toEqual([])
    for (const guard of [{ restricted: true }, { permissionPrompts: 'none' }, { permissionMode: 'auto' }] as const) {
      expect(() => argsOf(guard, MEASURED.a)).toThrow(/does not know/)
    }
    expect(() => argsOf({ permissionMode: 'delegate' }, MEASURED.b)).toThrow(/no permission mode/)
    expect(argsOf({ permissionMode: 'manual' }, MEASURED.b)).toContain('--permission-mode=default')
    expect(argsOf({ fallbackModel: ['haiku', 'sonnet'] }, MEASURED.a)).toContain('--fallback-model=haiku')
  })

  test('[claude.argv-accepted] the strict parser of each generation accepts the written lines', () => {
    const every: main.ClaudeLaunch = {
      model: 'sonnet',
      maxTurns: 3,
      maxBudgetUsd: 1,
      permissionMode: 'plan',
      allowedTools: ['Bash(git *)'],
      includePartial: true,
      replayUserMessages: true,
      effort: 'low',
      promptSuggestions: true,
      forwardSubagentText: true,
      debug: true,
      jsonSchema: { type: 'object' },
      settingSources: [],
    }
    for (const version of Object.values(MEASURED)) {
      const args = argsOf(every, version).map((argument) => (typeof argument === 'string' ? argument : `${argument.flag}=/tmp/x`))
      expect(() => parseArguments(args, generationOf(version.join('.')))).not.toThrow()
    }
  })

  test('[claude.argv-checked] combinations that the CLI refuses are refused before a process is started', () => {
    const id = '0a000000-0000-4000-8000-000000000001'
    for (const launch of [
      { sessionId: 'x' },
      { sessionId: id, resume: id },
      { resume: id, continueSession: true },
      { forkSession: true },
      { maxTurns: 0 },
      { extraFlags: { 'rm -rf': true } },
    ] as const) {
      expect(() => argsOf(launch)).toThrow()
    }
    expect(argsOf({ resume: id, forkSession: true, sessionId: id })).toContain('--fork-session')
  })

  test('[claude.tables] every launch field has a flag or another target, and a scope', () => {
    const flagged = new Set([...FLAGS.map(({ field }) => field), ...Object.keys(OTHER_FIELDS)] as string[])
    expect(FIELDS.length).toBeGreaterThan(50)
    expect(FIELDS.filter((field) => !flagged.has(field))).toEqual([])
    expect(FIELDS.filter((field) => !Object.hasOwn(scopes.CLAUDE_LAUNCH, field))).toEqual([])
    expect(Object.keys(scopes.CLAUDE_LAUNCH).filter((field) => !FIELDS.includes(field))).toEqual([])
    const source = readFileSync(new URL('../../src/claude/run/controls.ts', import.meta.url), 'utf8')
    const used = [...source.matchAll(/(?:control\('|: \[')(\w+)'/g)].map(([, subtype]) => subtype as string)
    expect(used.filter((subtype) => !Object.hasOwn(scopes.CLAUDE_CONTROL, subtype))).toEqual([])
  })
})

test('[claude.environment] the environment is cleaned and merged; the account that pays is explicit', () => {
  const inherited = {
    PATH: '/bin',
    NODE_OPTIONS: '--inspect',
    CLAUDECODE: '1',
    ANTHROPIC_API_KEY: 'sk-ant-x',
    CLAUDE_CODE_OAUTH_TOKEN: 't',
    CLAUDE_CODE_SESSION_ID: 's',
  }
  const plain = launchEnv({}, inherited)
  expect(plain).toMatchObject({ NODE_OPTIONS: undefined, CLAUDECODE: undefined, CLAUDE_CODE_SESSION_ID: undefined })
  expect('ANTHROPIC_API_KEY' in plain).toBe(false)
  expect('ANTHROPIC_API_KEY' in launchEnv({ auth: 'subscription' }, inherited)).toBe(true)
  expect(launchEnv({ auth: 'subscription' }, inherited).ANTHROPIC_API_KEY).toBeUndefined()
  expect(launchEnv({ auth: 'apiKey' }, inherited)).toMatchObject({ CLAUDE_CODE_OAUTH_TOKEN: undefined })
  expect(() => launchEnv({ auth: 'apiKey' }, { PATH: '/bin' })).toThrow(/ANTHROPIC_API_KEY/)
  expect(launchEnv({ maxTokens: 10, maxApiRetries: 0, fileCheckpointing: true })).toMatchObject({
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: '10',
    CLAUDE_CODE_MAX_RETRIES: '0',
    CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING: 'true',
  })
})

test('[claude.settings] settings come from a plain record; names of Signalbox win over those of ccflow; an invalid value names its variable', () => {
  const settings = ops.readSettings({
    CCFLOW_DEFAULT_MODEL: 'haiku',
    ccflow_default_timeout: '12',
    SIGNALBOX_DEFAULT_MODEL: 'opus',
    CCFLOW_TOON_ENABLED: 'false',
    OTHER: {},
  })
  expect(settings).toMatchObject({
    defaultModel: 'opus',
    defaultTimeout: 12,
    toonEnabled: false,
    rateLimitPerMinute: 60,
    maxConcurrentRequests: 10,
  })
  expect(() => ops.readSettings({ CCFLOW_DEFAULT_TIMEOUT: 'soon' })).toThrow(/CCFLOW_DEFAULT_TIMEOUT/)
  expect(() => ops.readSettings({ CCFLOW_TOON_DELIMITER: ';' })).toThrow(/CCFLOW_TOON_DELIMITER/)
  expect(ops.readSettings({ CCFLOW_LOG_LEVEL: 'WARNING', CCFLOW_TOON_DELIMITER: 'tab' })).toMatchObject({
    logLevel: 'warn',
    toonDelimiter: '\t',
  })
})

test('[claude.settings] a text log has one line for each call, without secrets, and no lines without a level', () => {
  const lines: string[] = []
  const console = vi.spyOn(globalThis.console, 'warn').mockImplementation((line: string) => void lines.push(line))
  const log = ops.logBy(ops.readSettings({ SIGNALBOX_LOG_LEVEL: 'warning' }))
  log?.write('warn', 'call.error', { op: 'query', error: 'refused sk-ant-api03-abcdefgh', durationMs: 3 })
  log?.write('info', 'call.end', { op: 'query' })
  console.mockRestore()
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^\d{4}-\S+Z warn call\.error op=query error=refused \[redacted\] durationMs=3$/)
  expect(ops.logBy(ops.readSettings({}))).toBeUndefined()
})

test('[claude.pricing] the documented prices hold, dates and suffixes are ignored, unknown models have none', () => {
  expect(ops.calculateCost('sonnet', 1000, 500)).toBe(0.0105)
  expect(ops.calculateCost('sonnet', 1000, 500, { batch: true })).toBe(0.00525)
  expect(ops.getPricing('claude-opus-4-8[1m]')).toMatchObject({ input: 5, output: 25 })
  expect(ops.getPricing('claude-haiku-4-5-20251001')).toMatchObject({ input: 1 })
  expect(ops.calculateCost('nobody-1', 1, 1)).toBeUndefined()
  expect(ops.calculateCost('mine', 1_000_000, 0, { table: { mine: { input: 7, output: 0, cacheRead: 0, cacheWrite: 0 } } })).toBe(7)
  const tracker = ops.createUsageTracker({ costOf: ops.costBy() })
  tracker.add('sonnet', 1000, 500)
  expect(tracker.totalCostUsd).toBe(0.0105)
  expect(tracker.modelUsage.sonnet?.requests).toBe(1)
})

test('[claude.toon] TOON is used if it is shorter, names its delimiter, and can be decoded again', () => {
  const rows = Array.from({ length: 20 }, (_, id) => ({ id, name: `name ${id}`, role: 'user' }))
  let saved = 0
  const encoder = toon({ delimiter: '|', onEncoded: ({ ratio }) => (saved = ratio) })
  const encoded = encoder.encode({ rows })
  expect(encoded?.language).toBe('toon')
  expect(encoded?.hint).toContain('pipes')
  expect(saved).toBeGreaterThan(0.3)
  expect(decodeToon(encoded?.text ?? '')).toEqual({ rows })
  expect(encodeContext({ a: 1 }, { encode: () => undefined })).toContain('```json')
  const metrics = ops.createMetrics()
  const asked = toonBy(ops.readSettings({ CCFLOW_TOON_DELIMITER: '|' }), metrics)
  expect(asked.encode({ rows })?.hint).toContain('pipes')
  expect(metrics.text()).toContain('ccflow_toon_savings_ratio_count 1')
  toonBy(ops.readSettings({ CCFLOW_TOON_TRACK_SAVINGS: 'false' }), metrics).encode({ rows })
  expect(metrics.text()).toContain('ccflow_toon_savings_ratio_count 1')
  expect(toonBy(ops.readSettings({ CCFLOW_TOON_ENABLED: 'false' }), metrics).encode({ rows })).toBeUndefined()
  expect(shouldUseToon(rows)).toBe(true)
  expect(shouldUseToon([1, 2])).toBe(false)
})

test('[claude.emitter] handlers are called in order, removed, and cannot disturb each other', () => {
  const failures: unknown[] = []
  const emitter = ops.createEventEmitter({ onError: (error) => failures.push(error) })
  const seen: string[] = []
  const event = {
    type: 'session.deleted',
    sessionId: 'x',
    timestamp: '',
    metadata: {},
    model: undefined,
    turnCount: 0,
    totalTokens: 0,
  } as const
  const off = emitter.on(ops.EventType.SESSION_DELETED, () => void seen.push('type'))
  emitter.on(() => {
    throw new Error('broken')
  })
  emitter.once('session.deleted', () => void seen.push('once'))
  emitter.emit(event)
  off()
  emitter.emit(event)
  expect(seen).toEqual(['type', 'once'])
  expect(failures).toHaveLength(2)
})

test('[claude.checklist] every name of the ccflow checklist exists here, or is left out with a reason', () => {
  // The full client has all members of a client; the other names are exports.
  const members = Object.keys(createFullClaude({ transport: createClaudeSimulator().transport }))
  const missing = CHECKLIST.filter(([theirs, ours]) => {
    if (LEFT_OUT[theirs] !== undefined) return false
    const [owner, name] = ours.includes('.') ? ours.split('.') : [undefined, ours]
    return owner === 'client' ? !members.includes(name as string) : !EXPORTED.has(ours)
  })
  expect(missing).toEqual([])
  expect(Object.keys(LEFT_OUT).filter((name) => !CHECKLIST.some(([theirs]) => theirs === name))).toEqual([])
})

test('[claude.misspelt] an option that does not exist is refused by its name, before a process is started', async () => {
  const simulated = createClaudeSimulator()
  const claude = main.createClaude({ transport: simulated.transport })
  const misspelt: object[] = [{ modle: 'sonnet' }, { maxturns: 3 }, { allowedTool: ['Bash'] }, { nothingLikeIt: 1 }]
  const messages: string[] = []
  for (const options of misspelt)
    await claude.querySimple('x', options).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'invalid_argument', sent: 'no' })
      messages.push((error as Error).message)
    })
  expect(messages).toEqual([
    'There is no option "modle". Do you mean model?',
    'There is no option "maxturns". Do you mean maxTurns?',
    'There is no option "allowedTool". Do you mean allowedTools?',
    'There is no option "nothingLikeIt". CLIAgentOptions lists all options.',
  ])
  expect(simulated.runs.length).toBe(0)
  await claude.close()
})

test('[claude.misspelt] a misspelt option of a client, a session, a message, a pool or a manager is refused by its name', async () => {
  const { transport } = createClaudeSimulator()
  const claude = main.createClaude({ transport })
  const session = claude.createSession()
  const given = (options: object): object => options
  const calls: readonly (readonly [() => unknown, string])[] = [
    [() => main.createClaude({ transport, ...given({ defalts: {} }) }), 'defaults'],
    [() => createFullClaude({ transport, ...given({ seting: {} }) }), 'FullClaudeOptions'],
    [() => createFullClaude({ transport, ...given({ observer: {} }) }), 'FullClaudeOptions'],
    [() => claude.createSession(given({ whileBussy: 'reject' })), 'whileBusy'],
    [() => claude.resumeSession(crypto.randomUUID(), given({ tag: ['a'] })), 'tags'],
    [() => session.sendMessage('x', given({ contxt: {} })), 'context'],
    [() => createFullClaude({ transport }).createPool(given({ maxWorker: 2 })), 'maxWorkers'],
    [() => main.createSessionManager(claude, given({ sessionTtl: 1 })), 'SessionManagerOptions'],
  ]
  for (const [call, hint] of calls) {
    let error: unknown
    try {
      call()
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'invalid_argument', sent: 'no' })
    expect((error as Error).message).toContain(hint)
  }
  // Options that reach a query are refused with the query.
  const options = given({ modle: 'sonnet' })
  await expect(claude.createSession({ options }).sendMessage('x').text()).rejects.toMatchObject({ code: 'invalid_argument' })
  const pool = main.createProcessPool(claude.query)
  await expect((await pool.submit('x', options)).result()).rejects.toMatchObject({ code: 'invalid_argument' })
  expect((await claude.batchQuery(['x'], options))[0]?.error).toMatchObject({ code: 'invalid_argument' })
  await pool[Symbol.asyncDispose]()
  await claude.close()
})

test('[claude.limiter-rate] the limiter never lets more pass in a minute than RATE_LIMIT_PER_MINUTE', async () => {
  for (const perMinute of [3, 60]) {
    const clock = createFakeClock()
    const settings = ops.readSettings({ CCFLOW_RATE_LIMIT_PER_MINUTE: String(perMinute), CCFLOW_MAX_CONCURRENT_REQUESTS: '100' })
    const { limiter } = main.claudePolicies({ settings, clock })
    if (!limiter) throw new Error('there is no limiter')
    let passed = 0
    for (let second = 0; second < 59; second += 1) {
      while (limiter.tryAcquire()) passed += 1
      await clock.advance(1_000)
    }
    expect(passed).toBe(perMinute)
  }
})
