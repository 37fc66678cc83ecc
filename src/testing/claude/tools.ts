/** The tools of the simulated CLI: a small part of Bash, Read and Write, on files in memory. */
import { sleep, type Clock } from '../../core/clock.js'

export interface ToolOutcome {
  readonly content: string | readonly unknown[]
  readonly isError?: boolean
  readonly structured?: unknown
}

/** Contents of the files by path. */
export type SimulatedFiles = Map<string, string>

/** Commands that only read. They run without a permission request. */
export const isReadOnly = (command: string): boolean => /^(?:echo|ls|cat|pwd|git (?:status|log|diff))\b(?!.*[>;&|])/.test(command)

export interface ToolSurroundings {
  readonly files: SimulatedFiles
  readonly clock: Clock
  readonly signal: AbortSignal
}

export async function runTool(
  name: string,
  input: Readonly<Record<string, unknown>>,
  around: ToolSurroundings,
): Promise<ToolOutcome> {
  if (name === 'Bash') return await bash(String(input.command ?? ''), around)
  if (name === 'Write') {
    const [path, content] = [String(input.file_path), String(input.content)]
    const type = around.files.has(path) ? 'update' : 'create'
    around.files.set(path, content)
    const structured = { type, filePath: path, content, structuredPatch: [], originalFile: null, userModified: false }
    return { content: `File created successfully at: ${path}`, structured }
  }
  if (name === 'Read') {
    const path = String(input.file_path)
    const content = around.files.get(path)
    if (content === undefined) return failed('File does not exist.')
    const lines = content.split('\n')
    const file = { filePath: path, content, numLines: lines.length, startLine: 1, totalLines: lines.length }
    return { content: lines.map((line, index) => `${index + 1}\t${line}`).join('\n'), structured: { type: 'text', file } }
  }
  if (name === 'AskUserQuestion') {
    const answers = (input.answers ?? {}) as Record<string, string>
    const said = Object.entries(answers).map(([question, label]) => `"${question}"="${label}"`)
    return {
      content: `Your questions have been answered: ${said.join(', ')}. You can now continue with these answers in mind.`,
      structured: { questions: input.questions, answers },
    }
  }
  if (name === 'ExitPlanMode') {
    return { content: 'User has approved exiting plan mode. You can now proceed.', structured: { plan: null, isAgent: false } }
  }
  return { content: 'ok', structured: 'ok' }
}

async function bash(command: string, { clock, signal }: ToolSurroundings): Promise<ToolOutcome> {
  const seconds = /time\.sleep\((\d+)\)/.exec(command)?.[1]
  if (seconds !== undefined) await sleep(clock, Number(seconds) * 1000, signal)
  const stdout = [...command.matchAll(/echo ([^&|;]*)/g)].map((found) => (found[1] ?? '').trim()).join('\n')
  const structured = { stdout, stderr: '', interrupted: false, isImage: false, noOutputExpected: false }
  return { content: stdout === '' ? '(Bash completed with no output)' : stdout, isError: false, structured }
}

export function failed(message: string): ToolOutcome {
  return { content: `<tool_use_error>Error: ${message}</tool_use_error>`, isError: true, structured: `Error: ${message}` }
}
