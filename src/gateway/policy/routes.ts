/** HTTP upstreams whose requests are told apart by method and path. */
import type { Classification } from '../scopes.js'
import type { ExchangePolicy } from './policy.js'

export interface ScopedRoute {
  readonly method: string
  /** `{name}` stands for one part of the path, never empty. */
  readonly path: string
  readonly scope: Classification
}

export function pathClassifier(routes: readonly ScopedRoute[]): ExchangePolicy['classify'] {
  const table = routes.map(({ method, path, scope }) => ({ method, scope, parts: path.split('/') }))
  const variables = (parts: readonly string[]): number => parts.filter((part) => part.startsWith('{')).length
  // A literal part wins over a variable one, as in `tunnels/connected-sessions` beside `tunnels/{id}`.
  table.sort((one, other) => variables(one.parts) - variables(other.parts))
  return (method, path) => {
    const parts = path.split('/')
    const fits = (pattern: readonly string[]): boolean =>
      pattern.length === parts.length &&
      pattern.every((part, index) => (part.startsWith('{') ? parts[index] !== '' : part === parts[index]))
    const found = table.find((route) => route.method === method && fits(route.parts))
    return { name: `${method} ${found ? found.parts.join('/') : 'of a path in no table'}`, needs: found?.scope ?? 'admin' }
  }
}
