/** Parity with cccc-sdk 0.4.41 (Python) and with the ops of the daemon 0.4.45. */
import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ccccAnswers, createCccc, isCcccEvent, loadOps, type CcccDialect } from '../../src/cccc/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../fixtures/cccc/${name}`, import.meta.url), 'utf8')) as T

/** Each method with the ops that it calls and the names of their arguments, as a recording subclass of it saw them. */
const SDK = read<Record<string, [op: string, args: string[]][]>>('sdk-0.4.41.json')
/** What a real daemon 0.4.45 answers with anything but `unknown_op`: `npm run peers:ops` asks it. */
const DAEMON = read<string[]>('daemon-0.4.45-ops.json')

interface Recorded {
  readonly op: string
  readonly args: readonly { readonly name: string }[]
  readonly args_message_mode?: readonly { readonly name: string }[]
  readonly result?: readonly { readonly name: string; readonly type: string }[]
  readonly observed_result_keys?: Readonly<Record<string, readonly string[]>>
}
const RECORD = new Map(read<Recorded[]>('ops.json').map((row) => [row.op, row]))

/** Methods of the published client that call nothing: it refuses them by itself, because newer daemons have no such op. Ours ask the daemon. */
const REFUSED_THERE = [
  'assistant_voice_model_install',
  'assistant_voice_transcribe',
  'presentation_browser_close',
  'presentation_browser_info',
  'presentation_browser_open',
]

/** Names of the published client without a counterpart, and why. */
const ABSENT: Readonly<Record<string, string>> = {}

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

async function setUp(dialect: CcccDialect = 'C') {
  const simulator = createCcccSimulator({ dialect })
  const client = createCccc({ transport: simulator.transport })
  onTestFinished(async () => {
    await client.close()
    await simulator[Symbol.asyncDispose]()
  })
  const { group_id: groupId } = await client.groups.create({ title: 'parity' })
  return { simulator, client, groupId }
}

describe('cccc-sdk 0.4.41', () => {
  test('has no method that is missing here, except those with a reason [cccc.parity-sdk]', async () => {
    const { client } = await setUp()
    const flat = client.ops as unknown as Record<string, unknown>
    const missing = Object.keys(SDK).filter((name) => typeof flat[camelCase(name)] !== 'function')
    expect(missing.sort()).toEqual(Object.keys(ABSENT).sort())
    expect(Object.keys(SDK)).toHaveLength(174)
  })

  test('sends no argument that is missing from our types [cccc.parity-arguments]', () => {
    const missing = Object.entries(SDK).flatMap(([method, calls]) =>
      calls.flatMap(([op, args]) => {
        const row = RECORD.get(op)
        const known = new Set([...(row?.args ?? []), ...(row?.args_message_mode ?? [])].map(({ name }) => name))
        return args.filter((name) => !known.has(name)).map((name) => `${method}: ${op}.${name}`)
      }),
    )
    expect(missing).toEqual([])
    expect(
      Object.entries(SDK)
        .filter(([, calls]) => calls.length === 0)
        .map(([name]) => name),
    ).toEqual(REFUSED_THERE)
  })

  test.each([
    [
      'taskCreate',
      { title: 't', blockedBy: ['T001'], taskType: 'standard' },
      { op: 'task.create', title: 't', blocked_by: ['T001'], task_type: 'standard' },
    ],
    ['taskUpdate', { taskId: 'T001', handoffTo: 'p' }, { op: 'task.update', task_id: 'T001', handoff_to: 'p' }],
    ['taskMove', { taskId: 'T001', status: 'done' }, { op: 'task.move', task_id: 'T001', status: 'done' }],
    ['taskRestore', { taskId: 'T001' }, { op: 'task.restore', task_id: 'T001' }],
    ['taskDelete', { taskId: 'T001' }, { op: 'task.delete', task_id: 'T001' }],
    [
      'agentStateUpdate',
      { actorId: 'p', nextAction: 'n', openLoops: ['o'] },
      { op: 'agent_state.update', actor_id: 'p', next_action: 'n', open_loops: ['o'] },
    ],
    ['agentStateClear', { actorId: 'p' }, { op: 'agent_state.clear', actor_id: 'p' }],
    ['coordinationBriefUpdate', { currentFocus: 'f' }, { op: 'coordination.brief.update', current_focus: 'f' }],
    ['coordinationNoteAdd', { kind: 'decision', summary: 's' }, { op: 'coordination.note.add', kind: 'decision', summary: 's' }],
    ['metaMerge', { data: { freeName: 1 } }, { op: 'meta.merge', data: { freeName: 1 } }],
  ] as const)('%s sends one change as the published client does [cccc.context-changes]', async (name, fields, item) => {
    const { client, simulator, groupId } = await setUp()
    await client.describe()
    const before = simulator.ledger.requests.length
    const change = client.context[name] as (args: object) => Promise<unknown>
    await change({ groupId, dryRun: true, ...fields }).catch(() => {})
    const sent = simulator.ledger.requests.slice(before)
    expect(sent.map(({ op, args }) => [op, args])).toEqual([
      ['context_sync', { by: 'system', dry_run: true, group_id: groupId, ops: [item] }],
    ])
    expect(client.ops[name]).toBe(client.context[name])
  })

  test('a change is unsupported on dialect A and sends nothing [cccc.context-changes]', async () => {
    const { client, simulator, groupId } = await setUp('A')
    await expect(client.context.taskCreate({ groupId, title: 't' })).rejects.toMatchObject({ code: 'unsupported', sent: 'no' })
    expect(simulator.ledger.requests.filter(({ op }) => op === 'context_sync')).toEqual([])
  })

  test('capabilities.use enables a capability, then calls its tool [cccc.capability-use]', async () => {
    const { client, simulator, groupId } = await setUp()
    const before = simulator.ledger.requests.length
    const use = { groupId, capabilityId: 'c', toolName: 't', toolArguments: { camelCase: 1 } }
    await client.capabilities.use(use).catch(() => {})
    const [enabled] = simulator.ledger.requests.slice(before)
    expect(enabled).toMatchObject({ op: 'capability_enable', args: { capability_id: 'c', scope: 'session', by: 'user' } })
    expect(enabled?.args).not.toHaveProperty('tool_name')
    expect(client.ops.capabilityUse).toBe(client.capabilities.use)
  })
})

test('every op of the daemon 0.4.45 is in the table [cccc.parity-daemon]', () => {
  const table = loadOps()
  expect(DAEMON.filter((op) => !table.has(op))).toEqual([])
  expect(DAEMON.length).toBeGreaterThan(200)
})

test.each([
  'group_set_state',
  'group_start',
  'group_stop',
  'ledger_compact',
  'capability_overview',
  'capability_search',
  'capability_state',
  'assistant_voice_document_list',
])('the shape of %s on the daemon 0.4.45 is valid [cccc.changed-shapes]', (op) => {
  const row = RECORD.get(op)
  const keys = row?.observed_result_keys?.['0.4.45'] ?? []
  const typed = new Map(row?.result?.map(({ name, type }) => [name, type]))
  const sample = Object.fromEntries(keys.map((key) => [key, sampleOf(typed.get(key) ?? 'unknown')]))
  expect(keys.length).toBeGreaterThan(0)
  expect(ccccAnswers()(op, sample)).toBeUndefined()
})

function sampleOf(type: string): unknown {
  if (type.endsWith('[]') || type.startsWith('Array')) return []
  if (type.startsWith('"')) return ''
  return { string: '', number: 0, integer: 0, boolean: false }[type] ?? {}
}

describe('typed rows', () => {
  interface Call {
    readonly kind: string
    readonly request?: { readonly op: string }
    readonly response?: { readonly ok: boolean; readonly result: Record<string, unknown> }
  }
  const recordings = ['daemon-0.4.2', 'daemon-0.4.3', 'daemon-0.4.35rc1', 'daemon-message-mode'].flatMap((name) =>
    readFileSync(new URL(`../fixtures/cccc/${name}.ndjson`, import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Call),
  )
  const rowsOf = (op: string, key: string): Record<string, unknown>[] =>
    recordings
      .filter(({ request, response }) => request?.op === op && response?.ok)
      .flatMap(({ response }) => (response?.result[key] as Record<string, unknown>[] | undefined) ?? [])

  test('hold their required keys in every recording [cccc.rows]', () => {
    const groups = rowsOf('groups', 'groups')
    const actors = rowsOf('actor_list', 'actors')
    expect(groups.length).toBeGreaterThan(3)
    expect(actors.length).toBeGreaterThan(3)
    for (const row of groups) expect(Object.keys(row)).toEqual(expect.arrayContaining(['group_id', 'title']))
    const required = ['id', 'title', 'enabled', 'runner', 'runtime', 'command', 'created_at', 'updated_at']
    for (const row of actors) expect(Object.keys(row)).toEqual(expect.arrayContaining(required))
  })

  test('an event is narrowed by its kind, and unknown fields stay [cccc.event-kinds]', async () => {
    const { client, groupId } = await setUp('B')
    const { event } = await client.messages.send({ groupId, text: 'typed', to: ['user'] })
    expect(isCcccEvent(event, 'chat.ack')).toBe(false)
    if (!isCcccEvent(event, 'chat.message')) throw new Error('not a message')
    const text: string = event.data.text
    expect([text, event.data.thread]).toEqual(['typed', ''])
  })
})
