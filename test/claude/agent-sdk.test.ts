/** Parity with the agent SDK 0.3.332. The list of its names is recorded; `test/peers/agent-sdk.test.ts` compares it with the real file. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { HOOK_EVENTS } from '../../src/claude/index.js'
import type { AgentSdkNames } from './agent-sdk-names.js'
import { CONTROLS, EXPORTS, MESSAGES, OPTIONS, QUERY, type Counterpart } from './agent-sdk-table.js'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const THEIRS = JSON.parse(read('test/fixtures/claude/agent-sdk-0.3.332.json')) as AgentSdkNames
/** The reports of the public API: every export with its members. */
const REPORT = read('test/api/claude.md') + read('test/api/node.md')
const EXPORTED = new Set([...REPORT.matchAll(/^(?:interface|const|function|class|type) (\w+)/gm)].map(([, name]) => name as string))

/** The names of the members of an interface, from its source: types are gone at run time. */
function membersOf(path: string, name: string): string[] {
  const source = read(path)
  const start = source.search(new RegExp(`export interface ${name}[ <]`))
  if (start === -1) throw new Error(`${path} has no ${name}.`)
  const text = source.slice(start, source.indexOf('\n}', start))
  return [...text.matchAll(/^ {2}(?:readonly )?(\w+)(?:\?)?(?:<[^>]*>)?[:(]/gm)].map(([, member]) => member as string)
}
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Turn: [...membersOf('src/claude/run/turn.ts', 'Turn'), 'close'],
  Controls: membersOf('src/claude/run/controls.ts', 'Controls'),
  ClaudeClient: membersOf('src/claude/client.ts', 'ClaudeClient'),
  StoredSessions: membersOf('transports/node/claude/stored-sessions.ts', 'StoredSessions'),
}
const OUR_OPTIONS = new Set([
  ...membersOf('src/claude/launch/launch.ts', 'ClaudeLaunch'),
  ...membersOf('src/claude/run/options.ts', 'CLIAgentOptions'),
  'signal',
])

/** Whether a name of ours exists: an export, a member such as `Turn.send`, or an option. */
function exists(ours: string): boolean {
  const [owner, member] = ours.split('.')
  if (member !== undefined) return MEMBERS[owner as string]?.includes(member) === true
  return EXPORTED.has(ours) || OUR_OPTIONS.has(ours)
}
/** Their names that have neither a counterpart nor a reason; and rows of the table that are stale. */
function gaps(theirs: readonly string[], table: Readonly<Record<string, Counterpart>>, same: (name: string) => boolean) {
  const missing = theirs.filter((name) => {
    const ours = Object.hasOwn(table, name) ? (table[name] as string) : undefined
    if (ours === undefined) return !same(name)
    return ours.startsWith('~ ') ? ours.length < 10 : !exists(ours)
  })
  return { missing, stale: Object.keys(table).filter((name) => !theirs.includes(name)) }
}
const NONE = { missing: [], stale: [] }

describe('[claude.agent-sdk] the agent SDK 0.3.332', () => {
  test('has no export that is missing here without a reason', () => {
    const isMessage = (name: string): boolean => Object.hasOwn(MESSAGES, name)
    const isHook = (name: string): boolean => {
      const event = /^(\w+)Hook(?:Input|SpecificOutput)$/.exec(name)?.[1]
      return event !== undefined && (event === 'Base' || (HOOK_EVENTS as readonly string[]).includes(event))
    }
    expect(gaps(THEIRS.exports, EXPORTS, (name) => EXPORTED.has(name) || isMessage(name) || isHook(name))).toEqual(NONE)
    expect(THEIRS.exports).toHaveLength(268)
  })

  test('has no member of its message union without a type here', () => {
    expect(gaps(THEIRS.messages, MESSAGES, () => false)).toEqual(NONE)
    expect(THEIRS.messages).toHaveLength(40)
  })

  test('has no option that is missing here without a reason', () => {
    expect(gaps(THEIRS.options, OPTIONS, (name) => OUR_OPTIONS.has(name))).toEqual(NONE)
    expect(THEIRS.options.length).toBeGreaterThan(60)
  })

  test('has no method of a query that is missing here', () => {
    expect(gaps(THEIRS.query, QUERY, (name) => MEMBERS.Controls?.includes(name) === true)).toEqual(NONE)
    expect(THEIRS.query).toHaveLength(30)
  })

  test('has the same hook events as this client', () => {
    expect([...THEIRS.hooks].sort()).toEqual([...HOOK_EVENTS].sort())
  })

  test('has no field of an agent that is missing here', () => {
    expect([...THEIRS.agent].sort()).toEqual(membersOf('src/claude/launch/launch.ts', 'AgentDefinition').sort())
  })

  test('has no control request that neither a method nor an option serves, except those with a reason', () => {
    const source = read('src/claude/run/controls.ts') + read('src/claude/run/call-controls.ts')
    const sent = new Set([...source.matchAll(/(?:control\('|: \[')(\w+)'/g)].map(([, subtype]) => subtype as string))
    expect(gaps(THEIRS.controls, CONTROLS, (name) => sent.has(name))).toEqual(NONE)
    expect(THEIRS.controls).toHaveLength(41)
  })
})
