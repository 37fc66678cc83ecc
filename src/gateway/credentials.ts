/**
 * Tokens and tickets. Only digests are kept, so a dump of the gateway's memory or files holds no credential, and looking one up by its
 * digest takes the same time for every guess of an attacker. A ticket works once, for a short time, and gives a token of its own.
 * Long because each method of `Credentials` has an example.
 */
import { systemClock, type Clock } from '../core/clock.js'
import { notifyObserver } from '../core/policy/policy.js'
import { createListeners, type CredentialChange } from './credential-listeners.js'
import { createProofChecker } from './proof.js'
import type { ProofKey, ProofTarget } from './proof-key.js'
import { Refusal } from './refusal.js'
import { isScope, type Grant, type GrantRequest, type Scope } from './scopes.js'
import { digestOf, randomId, randomSecret } from './secrets.js'
import { createExpiry, createTickets, forgetOldest, looksLikeSecret, type TicketInfo } from './tickets.js'

/** How long credentials are valid, and which are known from an earlier run. */
export interface CredentialOptions {
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
  /** Default 60 s: a ticket travels in a URL fragment, from a terminal to a page. */
  readonly ticketTtlMs?: number
  /** Default 12 h: how long the token of a redeemed ticket is valid. */
  readonly sessionTtlMs?: number
  /** Default 90 days: how long the token of a device is valid. */
  readonly deviceTtlMs?: number
  /** The most tokens and the most tickets. Default 1000 of each; the oldest is removed first. */
  readonly maxCredentials?: number
  /** Credentials of devices from an earlier run; see `openDeviceFile` of `signalbox/node`. */
  readonly devices?: readonly DeviceRecord[]
  /** Called with all devices when one is added, used or withdrawn, so that they survive a restart. What it throws is dropped. */
  readonly onDevices?: (devices: readonly DeviceRecord[]) => void
}

/** What is kept of a device's credential. The digest is no credential: the token cannot be found from it. */
export interface DeviceRecord {
  /** The id of the credential. */
  readonly id: string
  /** SHA-256 of the token. */
  readonly digest: string
  /** A name for people. */
  readonly name: string
  /** What the device may do. */
  readonly scopes: readonly Scope[]
  /** The upstreams that it may name. Undefined means every one. */
  readonly upstreams?: readonly string[] | undefined
  /** When it was issued, in milliseconds since 1970. */
  readonly createdAtMs: number
  /** When it was last used, exact to a minute. */
  readonly lastUsedAtMs?: number | undefined
  /** When it ends. An expired record is ignored at the next start. */
  readonly expiresAtMs: number
  /** The key that the device signs its requests with, if its token is bound to one. */
  readonly proofKey?: ProofKey | undefined
}

/** A credential as a list shows it. */
export interface CredentialInfo {
  /** For `revoke`, and for logs. It is no secret. */
  readonly id: string
  /** `owner`: has no end. `session`: from a ticket, or issued with a time. `device`: survives a restart. */
  readonly kind: 'owner' | 'session' | 'device'
  /** A name for people. */
  readonly name?: string | undefined
  /** What the credential may do. */
  readonly scopes: readonly Scope[]
  /** The upstreams that it may name. Undefined means every one. */
  readonly upstreams?: readonly string[] | undefined
  /** When it was issued, in milliseconds since 1970. */
  readonly createdAtMs: number
  /** When it was last used. Undefined before the first use. */
  readonly lastUsedAtMs?: number | undefined
  /** When it ends. Undefined when it has no end. */
  readonly expiresAtMs?: number | undefined
  /** Whether the token is bound to a key: a copied token is then useless. */
  readonly isBound: boolean
}

/** What a request carries beside its token. */
export interface Presented extends ProofTarget {
  /** The value of the header `signalbox-proof`, from `signProof`. */
  readonly proof?: string | undefined
}

/** The tokens and tickets of one gateway. */
export interface Credentials {
  /**
   * Registers a token that was made elsewhere, such as the one in the token file. Without `ttlMs` it has no end, unless it is for a
   * device.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * declare const tokenOfTheFile: string
   * const { id } = await credentials.addToken(tokenOfTheFile, { scopes: ['admin'], name: 'owner' })
   * console.log(id)
   */
  addToken(token: string, request?: GrantRequest): Promise<Grant>
  /**
   * Makes a new token. Its text is given only here. Default: the scope `observe`, every upstream, and no end.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * const { token, grant } = await credentials.issueToken({ scopes: ['observe', 'send'], ttlMs: 3_600_000 })
   * console.log(token.length, grant.expiresAtMs)
   */
  issueToken(request?: GrantRequest): Promise<{ token: string; grant: Grant }>
  /**
   * Makes a ticket that works once, within `ticketTtlMs`. The request describes the token that it is redeemed for.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * console.log(`https://gateway.example/#ticket=${await credentials.issueTicket({ device: true, name: 'phone' })}`)
   */
  issueTicket(request?: GrantRequest): Promise<string>
  /**
   * Spends the ticket and gives a token. Throws a `ticket_spent` Refusal for an unknown, used or old ticket. A second use by
   * anybody also withdraws the token of the first use: one of the two was a thief.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * const { token } = await credentials.redeem(await credentials.issueTicket(), { name: 'laptop' })
   * console.log(token.length)
   */
  redeem(ticket: string, device?: Pick<GrantRequest, 'name' | 'proofKey'>): Promise<{ token: string; grant: Grant }>
  /**
   * The grant of a valid token. Throws an `unauthenticated` Refusal otherwise. A token that is bound to a key needs a proof for
   * this request.
   *
   * @example
   * import { allows, type Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * const grant = await credentials.verify('sbx_token_…', { method: 'GET', target: '/v1/session' })
   * console.log(allows(grant, 'send'))
   */
  verify(token: string | undefined, presented?: Presented): Promise<Grant>
  /**
   * Withdraws a credential or an unused ticket, by its id; what runs under it ends. False when there is none of this id.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * for (const { id, name } of credentials.list()) if (name === 'lost phone') credentials.revoke(id)
   */
  revoke(id: string): boolean
  /**
   * Called once, when the grant is withdrawn; returns the function that stops listening. What the listener throws is dropped.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * const { grant } = await credentials.issueToken()
   * const stopListening = credentials.onRevoked(grant.id, () => console.log('withdrawn'))
   * stopListening()
   */
  onRevoked(grantId: string, listener: () => void): () => void
  /**
   * Calls the listener for each credential that is issued or withdrawn and for each new ticket. Pages, the command line and code are all
   * reported. Returns the function that stops listening. What the listener throws is dropped.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * const stopListening = credentials.onChange(({ change, id, name }) => console.log(change, id, name))
   * stopListening()
   */
  onChange(listener: (change: CredentialChange) => void): () => void
  /**
   * The credentials that are valid now, without their tokens.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * for (const { id, kind, name, scopes } of credentials.list()) console.log(id, kind, name, scopes)
   */
  list(): CredentialInfo[]
  /**
   * The tickets that can still be redeemed, without their secrets.
   *
   * @example
   * import type { Credentials } from 'signalbox/gateway'
   *
   * declare const credentials: Credentials
   * for (const { id, expiresAtMs } of credentials.tickets()) console.log(id, new Date(expiresAtMs))
   */
  tickets(): TicketInfo[]
}

/** A token that is valid, by its digest. */
interface Entry {
  readonly digest: string
  readonly grant: Grant
  readonly kind: CredentialInfo['kind']
  readonly createdAtMs: number
  readonly proofKey?: ProofKey | undefined
  lastUsedAtMs?: number | undefined
  toldUseAtMs: number
}

const DAY_MS = 86_400_000
/** The last use of a device is written at most this often. */
const TELL_USE_MS = 60_000
const MAX_NAME_CHARACTERS = 64

const usedTwice = (): Refusal =>
  new Refusal('ticket_spent', { message: 'The ticket was used twice, so the session it opened was ended.' })

/** Names are shown in terminals and logs, so they hold no control characters. */
const cleanName = (name: unknown): string | undefined =>
  typeof name === 'string' ? name.replace(/\p{C}/gu, '').trim().slice(0, MAX_NAME_CHARACTERS) || undefined : undefined

/**
 * Creates the credentials of a gateway.
 *
 * @example
 * import { createCredentials } from 'signalbox/gateway'
 *
 * const credentials = createCredentials()
 * const { token, grant } = await credentials.issueToken({ scopes: ['observe'], name: 'dashboard' })
 * console.log(token.length, credentials.list())
 * credentials.revoke(grant.id)
 */
export function createCredentials(options: CredentialOptions = {}): Credentials {
  const { clock = systemClock, maxCredentials = 1_000, onDevices } = options
  const { ticketTtlMs = 60_000, sessionTtlMs = DAY_MS / 2, deviceTtlMs = 90 * DAY_MS } = options
  const expiry = createExpiry(clock)
  const proofs = createProofChecker(clock)
  const tokens = new Map<string, Entry>()
  const tickets = createTickets({ expiry, clock, ttlMs: ticketTtlMs, limit: maxCredentials })
  const { tellChange, withdrawn, onRevoked, onChange } = createListeners()

  const tellDevices = (): void =>
    notifyObserver(onDevices, [...tokens.values()].filter(({ kind }) => kind === 'device').map(recordOf))

  const revoke = (id: string): boolean => {
    const entry = [...tokens.values()].find(({ grant }) => grant.id === id)
    if (entry) {
      tokens.delete(entry.digest)
      if (entry.kind === 'device') tellDevices()
      withdrawn(id, entry.grant.name)
      return true
    }
    const ticket = tickets.remove(id)
    if (ticket) withdrawn(id, ticket.request.name)
    return ticket !== undefined
  }
  const addToken = async (token: string, request: GrantRequest = {}): Promise<Grant> => {
    const { scopes = ['observe'], upstreams, device, proofKey } = request
    const ttlMs = request.ttlMs ?? (device ? deviceTtlMs : undefined)
    const name = cleanName(request.name)
    const grant: Grant = {
      id: randomId(),
      scopes: scopes.filter(isScope),
      ...(name === undefined ? {} : { name }),
      ...(upstreams ? { upstreams: [...upstreams] } : {}),
      ...(ttlMs !== undefined ? { expiresAtMs: clock.now() + ttlMs } : {}),
    }
    expiry.limit(grant, ttlMs)
    const kind = device ? 'device' : ttlMs === undefined ? 'owner' : 'session'
    const digest = await digestOf(token)
    tokens.set(digest, { digest, grant, kind, createdAtMs: clock.now(), proofKey, toldUseAtMs: 0 })
    const forgotten = forgetOldest(tokens, maxCredentials, ({ grant: each }) => each.expiresAtMs !== undefined)
    if (kind === 'device' || forgotten?.kind === 'device') tellDevices()
    tellChange({ change: 'issued', id: grant.id, name })
    if (forgotten) withdrawn(forgotten.grant.id, forgotten.grant.name)
    return grant
  }
  const issueToken = async (request: GrantRequest = {}) => {
    const token = randomSecret('sbx_token')
    return { token, grant: await addToken(token, request) }
  }
  for (const record of options.devices ?? []) {
    const entry = entryOf(record)
    if (!expiry.isOver(entry.grant)) tokens.set(record.digest, entry)
  }

  return {
    addToken,
    issueToken,
    async issueTicket(request = {}) {
      const name = cleanName(request.name)
      const { ticket, id } = await tickets.issue(name === undefined ? request : { ...request, name })
      tellChange({ change: 'ticket', id, name })
      return ticket
    },
    async redeem(ticket, { name, proofKey } = {}) {
      const record = await tickets.find(ticket)
      if (record.uses > 0) {
        record.uses += 1
        if (record.session !== undefined) revoke(record.session)
        throw usedTwice()
      }
      if (expiry.isOver(record)) throw new Refusal('ticket_spent')
      // Spent before anything is awaited, so that two simultaneous redemptions cannot both pass.
      record.uses = 1
      const { request } = record
      const lifetime = request.device ? {} : { ttlMs: sessionTtlMs }
      // A device cannot change the name that the owner gave.
      const grantRequest = { ...lifetime, ...(name === undefined ? {} : { name }), ...request, ...(proofKey ? { proofKey } : {}) }
      const session = await issueToken(grantRequest)
      record.session = session.grant.id
      if (record.uses > 1) {
        revoke(session.grant.id)
        throw usedTwice()
      }
      return session
    },
    async verify(token, presented) {
      if (!looksLikeSecret(token)) throw new Refusal('unauthenticated')
      const digest = await digestOf(token)
      const entry = tokens.get(digest)
      if (!entry) throw new Refusal('unauthenticated')
      const { grant } = entry
      if (expiry.isOver(grant)) {
        tokens.delete(digest)
        throw new Refusal('unauthenticated', { message: 'The session has expired.' })
      }
      if (entry.proofKey) {
        await proofs.check(entry.proofKey, digest, presented?.proof, presented)
        // The token was withdrawn during the check.
        if (!tokens.has(digest)) throw new Refusal('unauthenticated')
      }
      const now = clock.now()
      entry.lastUsedAtMs = now
      if (entry.kind === 'device' && now - entry.toldUseAtMs >= TELL_USE_MS) {
        entry.toldUseAtMs = now
        tellDevices()
      }
      return grant
    },
    revoke,
    onRevoked,
    onChange,
    list: () => [...tokens.values()].filter(({ grant }) => !expiry.isOver(grant)).map(infoOf),
    tickets: tickets.list,
  }
}

function entryOf({ id, digest, name, scopes, upstreams, createdAtMs, lastUsedAtMs, expiresAtMs, proofKey }: DeviceRecord): Entry {
  const grant: Grant = { id, name, scopes: scopes.filter(isScope), expiresAtMs, ...(upstreams ? { upstreams } : {}) }
  return { digest, grant, kind: 'device', createdAtMs, lastUsedAtMs, proofKey, toldUseAtMs: 0 }
}

function recordOf({ digest, grant, createdAtMs, lastUsedAtMs, proofKey }: Entry): DeviceRecord {
  const { id, name = 'device', scopes, upstreams, expiresAtMs = 0 } = grant
  return { id, digest, name, scopes, upstreams, createdAtMs, lastUsedAtMs, expiresAtMs, proofKey }
}

function infoOf({ grant, kind, createdAtMs, lastUsedAtMs, proofKey }: Entry): CredentialInfo {
  const { id, name, scopes, upstreams, expiresAtMs } = grant
  return { id, kind, name, scopes, upstreams, createdAtMs, lastUsedAtMs, expiresAtMs, isBound: proofKey !== undefined }
}
