/** The administration of a gateway from a page: its credentials and its audit log. */
import { ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import type { AuditEntry, CredentialInfo, TicketInfo } from '../../src/gateway/index.js'
import type { OpenOptions, Reply } from '../../src/transport.js'
import type { GatewayClient } from './gateway.js'
import { jsonOf, refusalOf } from './refusal.js'

/** The credentials of a gateway, without their tokens. */
export interface GatewayCredentials {
  /** The id of the credential that asked. */
  readonly own: string
  /** The credentials that are valid now. */
  readonly credentials: readonly CredentialInfo[]
  /** The tickets that can still be redeemed. */
  readonly tickets: readonly TicketInfo[]
}

/** Entries that the reader missed, because it was too slow. */
export interface MissedEntries {
  /** How many. */
  readonly missed: number
}

/** What a credential with the scope `admin` can do. Every call rejects with `permission_denied` without that scope. */
export interface GatewayAdmin {
  /**
   * The credentials and the open tickets.
   *
   * @example
   * import { gateway, gatewayAdmin } from 'signalbox/web'
   *
   * const admin = gatewayAdmin(gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }))
   * for (const { id, name, lastUsedAtMs } of (await admin.credentials()).credentials) console.log(id, name, lastUsedAtMs)
   */
  credentials(options?: OpenOptions): Promise<GatewayCredentials>
  /**
   * Withdraws a credential or a ticket by its id; what runs under it ends. Rejects with `not_found` for an unknown id, and with
   * `permission_denied` for a credential without an end, which only the machine of the gateway can withdraw.
   *
   * @example
   * import { gateway, gatewayAdmin } from 'signalbox/web'
   *
   * const admin = gatewayAdmin(gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }))
   * const { credentials } = await admin.credentials()
   * for (const { id, name } of credentials) if (name === 'lost phone') await admin.revoke(id)
   */
  revoke(id: string, options?: OpenOptions): Promise<void>
  /**
   * The newest entries of the audit log, the oldest first, and then each new one. Ends with an error when the credential ends, the
   * gateway stops or the signal aborts.
   *
   * @example
   * import { gateway, gatewayAdmin } from 'signalbox/web'
   *
   * const admin = gatewayAdmin(gateway('http://127.0.0.1:8700', { token: 'sbx_token_…' }))
   * for await (const entry of admin.audit()) console.log('missed' in entry ? entry.missed : entry.op)
   */
  audit(options?: OpenOptions): AsyncIterable<AuditEntry | MissedEntries>
}

/**
 * The administration of the gateway that a client is connected to. Nothing is sent before the first call.
 *
 * @example
 * import { gateway, gatewayAdmin } from 'signalbox/web'
 *
 * const admin = gatewayAdmin(gateway('http://127.0.0.1:8700', { ticket: 'from the fragment of the address' }))
 * console.log((await admin.credentials()).credentials.length)
 */
export function gatewayAdmin({ api }: Pick<GatewayClient, 'api'>): GatewayAdmin {
  const ask = async (method: string, action: string, body?: object, open?: OpenOptions): Promise<Reply> => {
    const path = `/v1/admin/${action}`
    const sent = body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}
    const reply = await api.exchange({ method, path, ...sent }, open)
    if (reply.status === 200) return reply
    const facts = { transport: api.name, op: `admin ${action}` }
    throw refusalOf(await jsonOf(reply, facts), reply, facts, 'The gateway')
  }
  return {
    async credentials(open) {
      const reply = await ask('GET', 'credentials', undefined, open)
      const { own, credentials, tickets } = await jsonOf(reply, { transport: api.name, op: 'admin credentials' })
      return { own, credentials, tickets } as unknown as GatewayCredentials
    },
    async revoke(id, open) {
      const reply = await ask('POST', 'revoke', { id }, open)
      await reply.body?.cancel()
    },
    async *audit(open) {
      const { body } = await ask('GET', 'audit', undefined, open)
      if (!body) return
      const decoder = ndjsonDecoder<AuditEntry | MissedEntries>()
      const reader = body.getReader()
      try {
        for (;;) {
          const next = await reader.read()
          if (next.done) return
          yield* decoder.push(next.value)
          if (decoder.fault) throw decoder.fault
        }
      } finally {
        await reader.cancel().catch(() => {})
      }
    },
  }
}
