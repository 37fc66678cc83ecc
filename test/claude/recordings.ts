/** The recordings of the three generations, as data for tests. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { recordingOf, type Recording } from '../../src/testing/claude/replay.js'

export const GENERATIONS = ['2.0.76', '2.1.197', '2.1.329'] as const
export type GenerationName = (typeof GENERATIONS)[number]

export type Line = Readonly<Record<string, unknown>>

export interface About {
  readonly args: readonly string[]
  readonly env_extra?: Readonly<Record<string, string>>
  readonly env_removed?: readonly string[]
  readonly exit_code: number | null
  readonly signal: string | null
  readonly stderr: string
  readonly line_times_ms?: readonly number[]
  readonly sent_times_ms?: readonly number[]
  readonly stdout_lines: number
}

const root = fileURLToPath(new URL('../fixtures/claude/', import.meta.url))

export function indexOf(version: GenerationName): Readonly<Record<string, About>> {
  return JSON.parse(readFileSync(`${root}${version}/index.json`, 'utf8')) as Record<string, About>
}

function linesOf(path: string): Line[] {
  if (!existsSync(path)) return []
  const lines: Line[] = []
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    if (text.trim() === '') continue
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) lines.push(value as Line)
    } catch {
      // Text output, recorded as it came.
    }
  }
  return lines
}

export const hasOutput = (version: GenerationName, name: string): boolean => existsSync(`${root}${version}/${name}.stdout.ndjson`)
export const stdoutOf = (version: GenerationName, name: string): Line[] => linesOf(`${root}${version}/${name}.stdout.ndjson`)
export const stdinOf = (version: GenerationName, name: string): Line[] => linesOf(`${root}${version}/${name}.stdin.ndjson`)

export function recording(version: GenerationName, name: string): Recording {
  const about = indexOf(version)[name]
  if (!about) throw new Error(`no recording ${name} of ${version}`)
  return recordingOf(name, version, about, stdinOf(version, name), stdoutOf(version, name))
}

/** The kind of a line, for comparing two runs: type and subtype, failure, and the sender of a control line. */
function kindOf(line: Line): string {
  const { type, subtype } = line
  if (type === 'system') return `s/${String(subtype)}`
  if (type === 'result') return `RESULT/${String(subtype)}${line.is_error === true ? '!' : ''}`
  if (type === 'stream_event') return 'ev'
  if (type === 'control_request') return `<${String((line.request as Line).subtype)}`
  if (type === 'control_response') return `ctl-${String((line.response as Line).subtype)}`
  return String(type)
}

/** The sequence of kinds; runs of stream events count as one, because how an answer is cut is the model's affair. */
export function sequenceOf(lines: readonly Line[]): string[] {
  const out: string[] = []
  for (const line of lines) {
    const kind = kindOf(line)
    if ((kind === 'ev' || kind === 's/thinking_tokens') && (out.at(-1) === kind || out.at(-1) === 'ev')) {
      if (out.at(-1) === kind) continue
      if (kind === 's/thinking_tokens') continue
    }
    out.push(kind)
  }
  return out
}
