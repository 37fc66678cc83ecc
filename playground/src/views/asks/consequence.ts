/** What happens if an ask is allowed, as a sentence. Pure. */
import type { Ask, AskOption } from 'signalbox/hub'
import type { Agent } from 'signalbox/hub'

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {}

/** What the agent does next, and where, if a person allows it. */
export function consequence(ask: Ask, agent: Agent | undefined): string {
  const where = agent?.host ? ` on ${agent.host}` : ''
  const folder = text(agent?.facts.cwd) ?? text(agent?.facts.path)
  const inFolder = folder ? ` in ${folder}` : ''
  if (ask.kind === 'question') return 'The agent goes on with the chosen answer.'
  if (ask.kind === 'secret')
    return `The secret goes to ${agent?.name ?? 'the system'}${where} once. The hub keeps it nowhere, and the other viewers do not see it.`
  if (ask.kind === 'confirm') return `The plan runs${where || inFolder} at once.`
  const input = record(ask.input)
  if (text(input.command)) return `The command runs${where || inFolder} with the rights of the agent.`
  const path = text(input.file_path) ?? text(input.path) ?? ask.paths?.[0]
  if (typeof input.content === 'string' && path) return `The file ${path} is written: ${lines(input.content)}.`
  if (Array.isArray(input.diff) || /write|edit|delete|move/i.test(ask.tool ?? ''))
    return `The agent changes ${path ?? 'files'}${where}.`
  return `The tool ${ask.tool ?? ask.title} runs${where || inFolder} with the input below.`
}

const lines = (content: string): string => {
  const count = content.replace(/\n$/, '').split('\n').length
  return `${count} line${count === 1 ? '' : 's'}`
}

/** What one option does beyond this ask. */
export function optionNote({ kind, description }: AskOption): string | undefined {
  if (description) return description
  if (kind === 'allow_always') return 'Later calls like this one are not asked again.'
  if (kind === 'reject_always') return 'Later calls like this one are refused without asking.'
  return undefined
}

/** The part of the input that decides: a command, a file with its new content, or everything. */
export function essence(ask: Ask): { readonly label: string; readonly body: string } | undefined {
  const input = record(ask.input)
  const command = text(input.command)
  if (command) return { label: 'Command', body: command }
  const diff = Array.isArray(input.diff) ? (input.diff as readonly unknown[]).map(record) : []
  if (diff.length > 0) {
    return {
      label: 'Change',
      body: diff.map(({ path, oldText, newText }) => diffText(String(path), text(oldText), String(newText))).join('\n'),
    }
  }
  const path = text(input.file_path)
  if (path && typeof input.content === 'string') return { label: path, body: input.content }
  if (ask.detail) return { label: ask.kind === 'confirm' ? 'Plan' : 'Detail', body: ask.detail }
  if (ask.input !== undefined && ask.kind !== 'question') return { label: 'Input', body: JSON.stringify(ask.input, undefined, 2) }
  return undefined
}

function diffText(path: string, before: string | undefined, after: string): string {
  const mark = (sign: string, words: string): string =>
    words
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `${sign} ${line}`)
      .join('\n')
  return `${path}\n${before === undefined ? '' : `${mark('-', before)}\n`}${mark('+', after)}`
}

/** Whether an option allows, refuses, or is a plain choice. */
export function toneOf(option: AskOption): 'good' | 'bad' | 'plain' {
  if (option.kind?.startsWith('allow')) return 'good'
  return option.kind?.startsWith('reject') ? 'bad' : 'plain'
}
