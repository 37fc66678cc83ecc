/** What a gateway reports for a log. */
import type { RefusalCode } from './refusal.js'

/** Facts for a log. `grant` is the id of a credential, which is no secret. No event holds content. */
export type GatewayEvent =
  | { readonly type: 'refused'; readonly code: string; readonly upstream?: string; readonly grant?: string }
  | {
      readonly type: 'opened' | 'closed'
      readonly upstream: string
      readonly grant: string
      /** The name of the credential. */
      readonly name?: string | undefined
      readonly how: 'call' | 'link' | 'http'
    }
  /** One message or request was judged. */
  | {
      readonly type: 'op'
      readonly upstream: string
      readonly grant: string
      readonly name?: string | undefined
      /** An op, a command, a kind of line, or a method and the pattern of a path. */
      readonly op: string
      readonly outcome: 'passed' | RefusalCode
    }
  /** A request under `/v1/admin`. */
  | {
      readonly type: 'admin'
      readonly grant: string
      readonly name?: string | undefined
      readonly op: 'credentials' | 'revoke' | 'audit'
      readonly outcome: 'passed' | RefusalCode
    }
  | {
      readonly type: 'credential'
      readonly grant: string
      readonly name?: string | undefined
      readonly change: 'issued' | 'revoked'
    }
