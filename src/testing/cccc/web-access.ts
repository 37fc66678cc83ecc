/** Access to the simulated web port: without a token it is open, with one every request needs a token. */
import type { Loose } from '../../cccc/shapes.js'

/** What an access token of the simulated web port may do. */
export interface CcccWebToken {
  /** True: every group and the routes of administrators. Default false. */
  readonly admin?: boolean
  /** The groups that a token without `admin` may see. Default: none. */
  readonly groups?: readonly string[]
}

export interface WebRefusal {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: Loose
}

export interface WebAccess {
  readonly tokens: Map<string, CcccWebToken>
  /** The token of a request: header, then cookie, then query. */
  given(headers: Readonly<Record<string, string>>, url: URL): string | undefined
  /** The refusal, or undefined if the request is allowed. */
  refuses(
    token: string | undefined,
    need: { readonly group?: string | undefined; readonly admin?: boolean },
  ): WebRefusal | undefined
  maySee(token: string | undefined, group: string): boolean
}

export function createWebAccess(initial: Readonly<Record<string, CcccWebToken>>): WebAccess {
  const tokens = new Map(Object.entries(initial))
  const maySee = (token: string | undefined, group: string): boolean => {
    if (tokens.size === 0) return true
    const known = tokens.get(token ?? '')
    return known?.admin === true || known?.groups?.includes(group) === true
  }
  return {
    tokens,
    maySee,
    given(headers, url) {
      const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
      const cookie = /(?:^|;\s*)cccc_access_token=([^;]+)/.exec(headers.cookie ?? '')?.[1]
      return bearer ?? cookie ?? url.searchParams.get('token') ?? undefined
    },
    refuses(token, { group, admin = false }) {
      if (tokens.size === 0) return undefined
      const known = token === undefined ? undefined : tokens.get(token)
      if (!known) {
        const message = token === undefined ? 'authentication required' : 'missing/invalid token'
        return { status: 401, code: 'unauthorized', message }
      }
      if (admin && !known.admin) return { status: 403, code: 'permission_denied', message: 'admin access required' }
      if (group === undefined || maySee(token, group)) return undefined
      return { status: 403, code: 'permission_denied', message: 'group access denied', details: { group_id: group } }
    },
  }
}
