/**
 * Recordings of a real ACP agent: every line of a conversation, in order. `test/peers/acp-recordings.test.ts` makes them. The first line of a
 * file names the agent and its version.
 */
import { readdirSync, readFileSync } from 'node:fs'

export type Json = Readonly<Record<string, unknown>>

/** One line of a recording. */
export interface RecordedLine {
  readonly from: 'client' | 'agent'
  readonly message: Json
}

export interface AcpRecording {
  readonly name: string
  readonly about: Json
  readonly lines: readonly RecordedLine[]
}

export const RECORDINGS = new URL('../fixtures/acp/claude-agent-acp-0.101.0/', import.meta.url)

export function recordingNames(): readonly string[] {
  return readdirSync(RECORDINGS).map((file) => file.replace('.ndjson', ''))
}

export function acpRecording(name: string): AcpRecording {
  const [about, ...lines] = readFileSync(new URL(`${name}.ndjson`, RECORDINGS), 'utf8')
    .trimEnd()
    .split('\n')
  return {
    name,
    about: JSON.parse(about ?? '{}') as Json,
    lines: lines.map((line) => JSON.parse(line) as RecordedLine),
  }
}

/** What a line is: `initialize`, `result of session/new`, `error of session/load` or `session/update plan`. */
export function kindsOf(lines: readonly RecordedLine[]): readonly string[] {
  const asked = new Map<string, string>()
  return lines.map(({ from, message }) => {
    const { id, method, params, error } = message
    if (typeof method === 'string') {
      if (id !== undefined) asked.set(`${from} ${String(id)}`, method)
      const { update } = Object(params) as { update?: { sessionUpdate?: string } }
      return update ? `${method} ${update.sessionUpdate}` : method
    }
    const answered = asked.get(`${from === 'agent' ? 'client' : 'agent'} ${String(id)}`)
    return `${error === undefined ? 'result' : 'error'} of ${answered}`
  })
}

/** The paths of a value with the type of each: `params.update.content.text: string`. The items of an array share one path. */
export function pathsOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return [`${path}: array`, ...value.flatMap((item) => pathsOf(item, `${path}[]`))]
  if (typeof value !== 'object' || value === null) return [`${path}: ${value === null ? 'null' : typeof value}`]
  return [`${path}: object`, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, `${path}.${key}`))]
}

/** The paths of every kind of line. Members that the protocol does not define are left out: `_meta`, and what a tool takes and gives. */
export function shapesOf(lines: readonly RecordedLine[]): ReadonlyMap<string, ReadonlySet<string>> {
  const shapes = new Map<string, Set<string>>()
  for (const [index, kind] of kindsOf(lines).entries()) {
    const shape = shapes.get(kind) ?? new Set<string>()
    shapes.set(kind, shape)
    for (const path of pathsOf(lines[index]?.message)) if (!/_meta|rawInput\.|rawOutput\.|error\.data/.test(path)) shape.add(path)
  }
  return shapes
}
