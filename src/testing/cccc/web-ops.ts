/** Finds the op of an HTTP request, by a reverse lookup in the route table of the client. */
import { loadRoutes, type Route } from '../../cccc/web/routes.js'
import { isRecord } from '../../core/is-record.js'
import type { CcccDialect, Loose } from '../../cccc/shapes.js'

export interface WebCall {
  readonly op: string
  readonly args: Loose
}

interface Matcher {
  readonly op: string
  readonly method: string
  readonly pattern: RegExp
  readonly names: readonly string[]
}

function matcher(op: string, { method, path }: Route): Matcher {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  return { op, method, names, pattern: new RegExp(`^/api/v1${path.replace(/:\w+/g, '([^/]+)')}$`) }
}

/** If two ops share a route, the dialect decides. */
const ONLY: Readonly<Record<string, string>> = {
  inbox_list: 'AB',
  inbox_peek: 'C',
  inbox_mark_read: 'AB',
  inbox_read: 'C',
  chat_ack: 'AB',
}

/** Splits a command into words as a shell does. Only single quotes are supported. */
function words(line: string): string[] {
  const found = [...line.matchAll(/(?:[^\s'\\]|'[^']*'|\\.)+/g)].map(([word]) => word)
  return found.map((word) => word.replace(/'([^']*)'|\\(.)/g, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? ''))
}

const flat = (key: string, keep: readonly string[]) => (args: Loose) => {
  const rest = Object.fromEntries(Object.entries(args).filter(([name]) => !keep.includes(name)))
  const kept = Object.fromEntries(Object.entries(args).filter(([name]) => keep.includes(name)))
  return { ...kept, [key]: rest }
}
const withWords = (args: Loose): Loose => (typeof args.command === 'string' ? { ...args, command: words(args.command) } : args)

const SHAPES: Readonly<Record<string, (args: Loose) => Loose>> = {
  group_update: flat('patch', ['group_id', 'by']),
  group_settings_update: flat('patch', ['group_id', 'by']),
  group_automation_update: flat('ruleset', ['group_id', 'by', 'expected_version']),
  actor_add: withWords,
  actor_update: (args) => flat('patch', ['group_id', 'actor_id', 'by', 'profile_action'])(withWords(args)),
  chat_ack: (args) => ({ ...args, actor_id: 'user', by: 'user' }),
  inbox_list: (args) => ({ ...args, limit: Number(args.limit ?? 50) }),
  inbox_peek: (args) => ({ ...args, limit: Number(args.limit ?? 50) }),
}

export function createWebCalls(dialect: CcccDialect) {
  const matchers = [...loadRoutes()]
    .filter(([op]) => (ONLY[op] ?? dialect).includes(dialect))
    .map(([op, route]) => matcher(op, route))

  return (method: string, url: URL, body: unknown): WebCall | undefined => {
    for (const { op, method: wanted, pattern, names } of matchers) {
      const found = method === wanted ? pattern.exec(url.pathname) : null
      if (!found) continue
      const path = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]))
      const { token: _, ...query } = Object.fromEntries(url.searchParams)
      const args: Loose = { ...(isRecord(body) ? body : {}), ...query, ...path }
      if (op !== 'ping' && op !== 'groups') args.by ??= 'user'
      return { op, args: SHAPES[op]?.(args) ?? args }
    }
    return undefined
  }
}
