/** What a gateway reports for a log. */
import type { CredentialChange } from './credential-listeners.js'
import type { RefusalCode } from './refusal.js'

/**
 * Facts for a log. `grant` is the id of a credential, which is no secret. No event holds content.
 *
 * Of equal events, at most 100 are reported one by one in ten minutes, and of operations that only observe one. The others are counted:
 * `count` is the number of events that this one stands for, when there are several.
 *
 * One credential causes at most 300 lines of the audit log in ten minutes, and as many again with operations that need `admin`. All requests
 * without a valid credential together cause at most 300. The others are `folded`. Events `credential`, and events `admin` that passed, are
 * never folded.
 */
export type GatewayEvent =
  /** A request, a link or an upgrade was refused. Without `grant` no valid credential was shown. */
  (
    | {
        readonly type: 'refused'
        readonly code: string
        readonly upstream?: string | undefined
        readonly grant?: string | undefined
        readonly name?: string | undefined
      }
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
    /** A credential or a ticket changed. A page, the command line or code made the change. */
    | {
        readonly type: 'credential'
        /** The id of the credential or the ticket. */
        readonly grant: string
        readonly name?: string | undefined
        readonly change: CredentialChange['change']
      }
    /** Events above that number. One is reported at the first of them, for each outcome, and one with the count at the end of the ten minutes. */
    | {
        readonly type: 'folded'
        /** The credential of the events. Absent for requests without a valid credential. */
        readonly grant?: string | undefined
        readonly name?: string | undefined
        /** `refused` stands for every code of a refusal. */
        readonly outcome: 'passed' | 'refused'
      }
  ) & { readonly count?: number | undefined }
