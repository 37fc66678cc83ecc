/** Which paths are allowed. A path that two parsers could read in two ways is refused, not cleaned up. */
import { Refusal } from './refusal.js'

const ADMIN_ACTIONS = ['credentials', 'revoke', 'audit'] as const
/** What can be asked under `/v1/admin`. */
export type AdminAction = (typeof ADMIN_ACTIONS)[number]

/** What a path asks for. */
export interface Route {
  readonly upstream?: string
  readonly action: 'index' | 'ticket' | 'call' | 'link' | 'http' | 'page' | 'admin'
  /** For `admin`. */
  readonly admin?: AdminAction
  /** For `http`: the path behind the upstream's name, with its query. */
  readonly rest?: string
}

/** Whether the path belongs to the API and not to a page. */
export function isApi(target: string): boolean {
  return /^\/v1(?:[/?]|$)/.test(target)
}

/** Reads a path. Throws the refusal when it does not belong to the API. */
export function route(target: string): Route {
  const cut = target.indexOf('?')
  const path = cut === -1 ? target : target.slice(0, cut)
  const query = cut === -1 ? '' : target.slice(cut)
  if (path !== '/v1' && !path.startsWith('/v1/')) return { action: 'page' }
  if (path === '/v1' || path === '/v1/') return { action: 'index' }
  if (path === '/v1/ticket') return { action: 'ticket' }
  const admin = ADMIN_ACTIONS.find((action) => path === `/v1/admin/${action}`)
  if (admin) return { action: 'admin', admin }
  const [, , name = '', action = '', ...rest] = path.split('/')
  if (action === 'http') return { upstream: name, action, rest: checkedPath(`/${rest.join('/')}`) + query }
  if ((action === 'call' || action === 'link') && rest.length === 0) return { upstream: name, action }
  throw new Refusal('not_found')
}

/** Letters, digits, `-`, `.`, `_` and `~` need no encoding. Encoded, they spell the same path in a way that no table matches. */
const NEEDLESS = /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/i

/** Refuses traversal in every spelling: dots, backslashes, doubled slashes, control characters, encoded separators, and a fragment. */
export function checkedPath(path: string): string {
  const hidden = /%(?:2f|5c|25|[01][\da-f]|7f)/i.test(path) || NEEDLESS.test(path)
  const plain = /^\/[^\\#\x00-\x20\x7f]*$/.test(path) && !path.includes('//')
  const dotted = path.split('/').some((part) => part === '.' || part === '..')
  if (hidden || !plain || dotted) throw new Refusal('invalid_request', { message: 'The path is not in its plain form.' })
  return path
}
