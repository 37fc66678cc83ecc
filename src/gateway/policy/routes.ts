/** HTTP upstreams whose requests are told apart by method and path. */
import type { Classification } from '../scopes.js'
import type { Verdict } from './policy.js'

/** A row of a table of HTTP requests. */
export interface ScopedRoute {
  /** The HTTP method, in capitals. */
  readonly method: string
  /** `{name}` stands for one part of the path, never empty. */
  readonly path: string
  /** The scope that the request needs. */
  readonly scope: Classification
}

/**
 * Judges requests by a table of methods and paths. A request that is in no row needs `admin`.
 *
 * @example
 * import { pathClassifier, type ExchangePolicy } from 'signalbox/gateway'
 *
 * const classify = pathClassifier([{ method: 'GET', path: '/issues/{id}', scope: 'observe' }])
 * export const policy: ExchangePolicy = { kind: 'exchange', classify }
 */
export function pathClassifier(routes: readonly ScopedRoute[]): (method: string, path: string) => Verdict {
  const table = routes.map(({ method, path, scope }) => ({ method, scope, parts: path.split('/') }))
  // Some servers ignore case and a last slash. A `server-only` route must be recognized in every such spelling.
  const loosely = (path: string): string => path.toLowerCase().replace(/\/+$/, '')
  const reserved = table
    .filter(({ scope }) => scope === 'server-only')
    .map((route) => ({ ...route, parts: loosely(route.parts.join('/')).split('/') }))
  const variables = (parts: readonly string[]): number => parts.filter((part) => part.startsWith('{')).length
  // A literal part wins over a variable one, as in `tunnels/connected-sessions` beside `tunnels/{id}`.
  table.sort((a, b) => variables(a.parts) - variables(b.parts))
  return (method, path) => {
    const fits = (pattern: readonly string[], parts: readonly string[]): boolean =>
      pattern.length === parts.length &&
      pattern.every((part, index) => (part.startsWith('{') ? parts[index] !== '' : part === parts[index]))
    const among = (routes: typeof table, parts: readonly string[]) =>
      routes.find((route) => route.method === method && fits(route.parts, parts))
    const row = among(table, path.split('/')) ?? among(reserved, loosely(path).split('/'))
    return { name: `${method} ${row ? row.parts.join('/') : 'of a path in no table'}`, needs: row?.scope ?? 'admin' }
  }
}
