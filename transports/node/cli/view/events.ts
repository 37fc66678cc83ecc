/** Events of a hub as lines for a person. Pure. */
import type { Ask, AskOption, AskResolvedEvent, EndEvent, HubEvent, ToolEvent } from '../../../../src/hub/index.js'
import { printable, type Style } from '../terminal/style.js'

const TOOL_MARK: Readonly<Record<ToolEvent['status'], string>> = { pending: '·', running: '▸', done: '✓', failed: '✗' }

/** One line for a tool call: its state, its name and where it works. */
export function toolLine({ status, title, name, id, locations }: ToolEvent, style: Style, took?: string): string {
  const paint = status === 'failed' ? style.red : status === 'done' ? style.green : style.dim
  const what = printable(title ?? name ?? id)
  const where =
    locations && locations.length > 0 && !what.includes(locations[0] as string) ? ` ${printable(locations.join(', '))}` : ''
  return `${paint(TOOL_MARK[status])} ${what}${style.dim(`${where}${took === undefined ? '' : ` (${took})`}`)}`
}

/** How a turn ended, for a person; undefined when the answer says everything. */
export function endLine({ outcome, error, sent, attribution, stopReason }: EndEvent): string | undefined {
  switch (outcome) {
    case 'completed':
      if (attribution === 'shared') return 'This answer may belong to another prompt too: several prompts waited.'
      if (attribution === 'foreign') return 'This answer belongs to another prompt.'
      if (attribution === 'unverified') return 'Nobody could check that this answer belongs to your prompt.'
      return stopReason === 'max_tokens' ? 'The answer stopped at the limit of its length.' : undefined
    case 'unanswered':
      return 'The prompt was delivered, and no answer came.'
    case 'cancelled':
      return 'Cancelled.'
    case 'refused':
      return 'The agent refused.'
    case 'lost':
      return 'Nobody can find out what became of this prompt. It may have reached the agent.'
    case 'failed':
      return `${error ? printable(error.message) : 'The turn failed.'}${sent === 'maybe' ? ' The prompt may have reached the agent.' : ''}`
  }
}

/** An ask with what will happen when it is allowed, and the choices. */
export function askLines(ask: Ask, style: Style): readonly string[] {
  const { title, detail, input, options, questions, danger, kind } = ask
  const mark = danger === 'high' ? style.red('!') : style.yellow('?')
  return [
    `${mark} ${style.bold(printable(title))}${danger ? style.dim(` (${danger} danger)`) : ''}`,
    ...(detail === undefined
      ? []
      : printable(detail)
          .split('\n')
          .map((line) => `  ${line}`)),
    ...(input === undefined ? [] : inputLines(input).map((line) => style.dim(`  ${line}`))),
    ...(questions ?? []).flatMap(({ id, text, options: choices }) => [
      `  ${printable(text)}${id === text ? '' : style.dim(` [${printable(id)}]`)}`,
      ...choices.map((choice) => `    ${optionLine(choice, style)}`),
    ]),
    ...(options ?? []).map((option) => `  ${optionLine(option, style)}`),
    ...(kind === 'secret' ? [style.dim('  The input is not shown and not kept.')] : []),
  ]
}

/** The id, which a person types, and the label where it differs. */
const optionLine = ({ id, label }: AskOption, style: Style): string =>
  `${style.cyan(printable(id))}${label === id ? '' : ` ${printable(label)}`}`

const MAX_INPUT_LINES = 20

function inputLines(input: unknown): readonly string[] {
  const text = typeof input === 'string' ? input : (JSON.stringify(input, null, 2) ?? '')
  const lines = printable(text).split('\n')
  return lines.length <= MAX_INPUT_LINES
    ? lines
    : [...lines.slice(0, MAX_INPUT_LINES), `… ${lines.length - MAX_INPUT_LINES} more lines`]
}

/** One event as one line, for `watch` and `history`. Undefined for events that say nothing to a person, such as a delta of a message. */
export function eventLine(event: HubEvent, style: Style): string | undefined {
  switch (event.kind) {
    case 'agent':
      return style.dim(event.change === 'gone' ? 'is gone' : `is here: ${event.agentNow?.sessions[0]?.state ?? 'unknown'}`)
    case 'state':
      return style.dim(`is ${event.state}${event.session === undefined ? '' : ` (${printable(event.session)})`}`)
    case 'turn':
      return `${style.bold(event.what)}${event.by === undefined ? '' : ` by ${printable(event.by)}`}${event.text === undefined ? '' : `: ${firstLine(event.text)}`}`
    case 'message': {
      if (event.how === 'retract') return style.dim('takes a message back')
      if (event.partial) return undefined
      const who =
        event.role === 'user'
          ? style.blue(printable(event.from ?? 'user'))
          : event.role === 'thought'
            ? style.dim('thinks')
            : style.green('says')
      return `${who}: ${event.role === 'thought' ? style.dim(firstLine(event.text)) : printable(event.text)}`
    }
    case 'tool':
      return toolLine(event, style)
    case 'plan':
      return `plan: ${event.entries.map(({ text, status }) => `${status === 'done' ? '✓' : '·'} ${firstLine(text)}`).join('; ')}`
    case 'ask':
      return `${style.yellow('asks')} ${printable(event.ask.title)} ${style.dim(printable(event.ask.id))}`
    case 'ask_resolved':
      return style.dim(
        `question ${event.outcome}${event.by === undefined ? '' : ` by ${printable(event.by)}`}, delivered: ${event.delivered}`,
      )
    case 'usage': {
      const cost = event.costUsd === undefined ? '' : ` $${event.costUsd.toFixed(4)} (${event.basis})`
      const tokens = event.tokens?.output === undefined ? '' : ` ${event.tokens.input ?? 0} in, ${event.tokens.output} out`
      return cost || tokens ? style.dim(`used${tokens}${cost}`) : undefined
    }
    case 'end': {
      const why = endLine(event)
      return `${event.outcome === 'completed' ? style.green('done') : style.red(event.outcome)}${why === undefined ? '' : `: ${why}`}`
    }
    case 'notice':
      return `${event.level === 'error' ? style.red('error') : style.yellow(event.level)}: ${printable(event.text)}`
    case 'delivery':
      return style.dim(`message ${event.state} by ${printable(event.to)}`)
    case 'gap':
      return style.yellow(`events may be missing here (${event.reason})`)
    case 'unknown':
      return undefined
  }
}

/** Why a question is no longer open, when it was not answered at this terminal. */
export function resolvedText({ outcome, by }: AskResolvedEvent): string {
  if (outcome === 'answered') return `${by === undefined ? 'Another program' : printable(by)} answered the question.`
  return {
    expired: 'The question has expired.',
    withdrawn: 'The agent took the question back.',
    lost: 'The agent that asked is gone.',
  }[outcome]
}

/** The connection to the hub, for a person. */
export const CONNECTION = {
  lost: 'The hub is gone. Waiting for it; ctrl-c leaves.',
  back: 'The hub is back.',
} as const

const firstLine = (text: string): string => printable(text).split('\n')[0] as string
