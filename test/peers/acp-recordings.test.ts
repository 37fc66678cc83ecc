/**
 * The recordings in test/fixtures/acp against the real agent: each scenario runs again, and the kinds of its lines and their shapes must be
 * those of the recordings. With `SIGNALBOX_RECORD=1` the recordings are written anew.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acpRecording, kindsOf, RECORDINGS, shapesOf, type Json, type RecordedLine } from '../acp/recordings.js'
import { imitateMessagesApi } from '../claude/messages-api.js'
import { ACP_AGENT_VERSION, acpAgentCli, acpAgentProcess, installAcpAgent } from './acp-agent.js'
import { record, SCENARIOS } from '../acp/scenarios.js'

/** The scenarios run here. */
const ROOT = join(tmpdir(), 'ann')
/** Recordings have this folder instead. With the same length, the pieces in which the model repeats a path stay as they were. */
const RECORDED_ROOT = '/srv/ann'

/** Takes out what differs from run to run, and the texts of the commands. */
function cleaned(lines: readonly RecordedLine[]): readonly RecordedLine[] {
  const ids = new Map<string, string>()
  const named = (uuid: string): string => {
    if (uuid.startsWith('00000000-')) return uuid
    if (!ids.has(uuid)) ids.set(uuid, `00000000-0000-4000-8000-${String(ids.size + 1).padStart(12, '0')}`)
    return ids.get(uuid) as string
  }
  return lines.map((line) => {
    const text = JSON.stringify(line, (key, value: unknown) =>
      key === 'availableCommands'
        ? (value as Json[]).slice(0, 2).map((command) => ({ ...command, description: 'A command.' }))
        : value,
    )
      .replaceAll(ROOT, RECORDED_ROOT)
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, named)
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-01-01T00:00:00.000Z')
    return JSON.parse(text) as RecordedLine
  })
}

async function run(name: string): Promise<readonly RecordedLine[]> {
  const scenario = SCENARIOS[name]
  if (!scenario) throw new Error(`no scenario ${name}`)
  await using api = await imitateMessagesApi()
  const home = `${ROOT}/${name}`
  rmSync(home, { recursive: true, force: true })
  mkdirSync(`${home}/work`, { recursive: true })
  const stderr: string[] = []
  const transport = acpAgentProcess(home, api.url, (text) => void stderr.push(text))
  const lines = await record(transport, `${home}/work`, scenario)
  expect(lines.length, stderr.join('')).toBeGreaterThan(4)
  return cleaned(lines)
}

describe(`recordings of claude-agent-acp ${ACP_AGENT_VERSION}`, () => {
  beforeAll(installAcpAgent)
  afterAll(() => rmSync(ROOT, { recursive: true, force: true }))
  const seen: RecordedLine[][] = []

  test.concurrent.for(Object.keys(SCENARIOS))(
    '%s has the kinds of lines of its recording [acp.real]',
    { timeout: 120_000 },
    async (name, { expect }) => {
      const lines = await run(name)
      seen.push([...lines])
      if (process.env.SIGNALBOX_RECORD === '1') {
        const about = {
          agent: '@agentclientprotocol/claude-agent-acp',
          version: ACP_AGENT_VERSION,
          cli: acpAgentCli(),
          scenario: name,
        }
        mkdirSync(RECORDINGS, { recursive: true })
        writeFileSync(new URL(`${name}.ndjson`, RECORDINGS), [about, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''))
      }
      // The agent sends these two some time after a session opens or a prompt ends, so a conversation may end before them. The next test
      // expects them in the scenarios as a whole.
      const kinds = (of: readonly RecordedLine[]) =>
        [...new Set(kindsOf(of))].filter((kind) => !/(available_commands|session_info)_update$/.test(kind)).sort()
      expect(kinds(lines)).toEqual(kinds(acpRecording(name).lines))
    },
  )

  test('the lines of all scenarios have the shapes of the recordings [acp.real]', () => {
    const shape = (all: readonly (readonly RecordedLine[])[]) => {
      const shapes = new Map<string, Set<string>>()
      for (const lines of all) {
        for (const [kind, paths] of shapesOf(lines)) shapes.set(kind, new Set([...(shapes.get(kind) ?? []), ...paths]))
      }
      return Object.fromEntries([...shapes].map(([kind, paths]) => [kind, [...paths].sort()]))
    }
    expect(shape(seen)).toEqual(shape(Object.keys(SCENARIOS).map((name) => acpRecording(name).lines)))
  })
})
