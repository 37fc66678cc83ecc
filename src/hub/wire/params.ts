/** Reads the parameters of a request. A client of another version may send anything. */
import { isRecord } from '../../core/is-record.js'
import { hubError } from '../context.js'
import type { PromptOptions, WatchOptions } from '../hub.js'
import type { Answer } from '../model/ask.js'
import { EVENT_KINDS, type EventKind } from '../model/event.js'
import type { HistoryQuery, NewSession } from '../source.js'

type Params = Readonly<Record<string, unknown>>

const bad = (name: string, what: string) => hubError({ code: 'invalid_argument', message: `${name} is ${what}.` })

export function text(params: Params, name: string): string {
  const value = params[name]
  if (typeof value === 'string') return value
  throw bad(name, 'a string')
}

function optionalText(params: Params, name: string): string | undefined {
  return params[name] === undefined ? undefined : text(params, name)
}

function texts(params: Params, name: string): readonly string[] | undefined {
  const value = params[name]
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value as string[]
  throw bad(name, 'a list of strings')
}

/** Leaves out what is undefined. */
const defined = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

export function watchOptions(params: Params): WatchOptions {
  const { from } = params
  const isCursor = isRecord(from) && typeof from.journal === 'string' && Number.isSafeInteger(from.seq)
  if (from !== undefined && from !== 'oldest' && !isCursor) throw bad('from', 'a cursor or "oldest"')
  const kinds = texts(params, 'kinds')?.filter((kind): kind is EventKind => (EVENT_KINDS as readonly string[]).includes(kind))
  return defined({ from, kinds, agents: texts(params, 'agents'), turns: texts(params, 'turns') })
}

export function promptOptions(params: Params, by: string | undefined): PromptOptions {
  const whileBusy = optionalText(params, 'whileBusy')
  if (whileBusy !== undefined && !['queue', 'refuse', 'interrupt'].includes(whileBusy)) {
    throw bad('whileBusy', 'queue, refuse or interrupt')
  }
  const session = optionalText(params, 'session')
  const promptId = text(params, 'promptId')
  return defined({ whileBusy, session, promptId, by: by ?? optionalText(params, 'by') })
}

export function newSession(params: Params): NewSession {
  return defined({
    fork: optionalText(params, 'fork'),
    folder: optionalText(params, 'folder'),
    model: optionalText(params, 'model'),
  })
}

export function answerOf(params: Params): Answer {
  const { answer } = params
  const ANSWER_KINDS = ['option', 'answers', 'accept', 'secret'] as const
  if (isRecord(answer) && ANSWER_KINDS.some((key) => Object.hasOwn(answer, key))) return answer as unknown as Answer
  throw bad('answer', '{ option }, { answers }, { accept } or { secret }')
}

/** A source loads the whole page into memory, so a viewer on a link reads a long history in several pages. */
const MAX_HISTORY_PAGE = 1_000

export function historyQuery(params: Params): HistoryQuery {
  const { limit } = params
  const isValid = Number.isSafeInteger(limit) && (limit as number) > 0 && (limit as number) <= MAX_HISTORY_PAGE
  if (limit !== undefined && !isValid) throw bad('limit', `a whole number from 1 to ${MAX_HISTORY_PAGE}`)
  return defined({ limit, session: optionalText(params, 'session'), before: optionalText(params, 'before') })
}

export const author = (params: Params, by: string | undefined): { readonly by?: string } =>
  defined({ by: by ?? optionalText(params, 'by') })

export const optionalAgent = (params: Params): string | undefined => optionalText(params, 'agent')
