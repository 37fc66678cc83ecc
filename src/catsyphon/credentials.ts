/** Where a collector's credentials are kept. The server shows a key once, at registration: a lost key means registering again. */
import type { Kv } from '../store/store.js'
import { failure } from './errors.js'

/** A collector's credentials, with the server and the workspace that they are for. */
export interface StoredCredential {
  /** As it was given to `register`. */
  readonly serverUrl: string
  /** The workspace of the collector. */
  readonly workspaceId: string
  /** The collector's id on the server. */
  readonly collectorId: string
  /** The key. It never expires, and the server cannot show it again. */
  readonly apiKey: string
  /** The first characters of the key, for lists. */
  readonly apiKeyPrefix: string
  /** Tells apart several collectors for one server and workspace. */
  readonly profile: string
  /** ISO 8601. */
  readonly createdAt?: string
}

/** A credential without its key, for lists. */
export type CredentialProfile = Omit<StoredCredential, 'apiKey'>

/** Keeps credentials. `fileCredentials` and `kvCredentials` make one. */
export interface CredentialStore {
  /**
   * Null when nothing is stored for exactly this server.
   *
   * @example
   * import type { CredentialStore } from 'signalbox/catsyphon'
   *
   * declare const store: CredentialStore
   * const stored = await store.get('https://catsyphon.example', 'team-1')
   * console.log(stored === null ? 'register first' : stored.collectorId)
   */
  get(serverUrl: string, workspaceId: string, profile?: string): Promise<StoredCredential | null>
  /**
   * Stores a credential over an older one of the same server, workspace and profile.
   *
   * @example
   * import type { CredentialStore, StoredCredential } from 'signalbox/catsyphon'
   *
   * declare const store: CredentialStore
   * declare const credential: StoredCredential
   * await store.store(credential)
   */
  store(credential: StoredCredential): Promise<void>
  /**
   * False when there was none.
   *
   * @example
   * import type { CredentialStore } from 'signalbox/catsyphon'
   *
   * declare const store: CredentialStore
   * console.log(await store.delete('https://catsyphon.example', 'team-1'))
   */
  delete(serverUrl: string, workspaceId: string, profile?: string): Promise<boolean>
  /**
   * All credentials, without their keys.
   *
   * @example
   * import type { CredentialStore } from 'signalbox/catsyphon'
   *
   * declare const store: CredentialStore
   * for (const { serverUrl, workspaceId } of await store.listProfiles()) console.log(serverUrl, workspaceId)
   */
  listProfiles(): Promise<CredentialProfile[]>
  /**
   * Deletes all, and says how many there were.
   *
   * @example
   * import type { CredentialStore } from 'signalbox/catsyphon'
   *
   * declare const store: CredentialStore
   * console.log(`${await store.clearAll()} credentials deleted`)
   */
  clearAll(): Promise<number>
}

/** Whether two URLs name one server: the same scheme, host, port and path, apart from trailing slashes. */
export function isSameServer(a: string, b: string): boolean {
  const plain = (url: string): string => (URL.canParse(url) ? new URL(url).href : url).replace(/\/+$/, '')
  return plain(a) === plain(b)
}

/**
 * The key of an entry in the Python SDK's file: profile, authority as written, workspace. Two servers that differ only in scheme or path
 * share an entry, so compare the entry's `serverUrl` with `isSameServer` before you use it.
 */
export function credentialKey(serverUrl: string, workspaceId: string, profile = 'default'): string {
  return `${profile}:${authorityOf(serverUrl)}:${workspaceId}`
}

/** The authority as Python's `urlparse` gives it: user, case and port kept; the path where there is no authority. */
function authorityOf(serverUrl: string): string {
  const afterScheme = /^[a-z][a-z0-9+.-]*:(.*)$/is.exec(serverUrl)?.[1] ?? serverUrl
  const authority = /^\/\/([^/?#]*)/.exec(afterScheme)?.[1]
  if (authority !== undefined && authority !== '') return authority
  return afterScheme.replace(/[?#].*$/s, '')
}

/**
 * Keeps credentials in any `Kv`: of a browser's database, of a platform's key-value store, of memory.
 *
 * @example
 * ```ts
 * import { kvCredentials } from 'signalbox/catsyphon'
 * import { indexedDbStore } from 'signalbox/web'
 *
 * const store = indexedDbStore({ database: 'my-agent' })
 * const credentials = kvCredentials(await store.kv('credentials'))
 * console.log(await credentials.listProfiles())
 * ```
 */
export function kvCredentials(kv: Kv): CredentialStore {
  const read = async (key: string): Promise<StoredCredential | null> => {
    const entry = await kv.get(key)
    if (!entry) return null
    try {
      return JSON.parse(new TextDecoder().decode(entry.bytes)) as StoredCredential
    } catch (cause) {
      throw failure('invalid_message', 'A stored credential cannot be read.', { cause })
    }
  }
  const keys = () => kv.list()
  return {
    async get(serverUrl, workspaceId, profile) {
      const found = await read(credentialKey(serverUrl, workspaceId, profile))
      return found && isSameServer(found.serverUrl, serverUrl) ? found : null
    },
    async store(credential) {
      const { serverUrl, workspaceId, profile } = credential
      await kv.put(credentialKey(serverUrl, workspaceId, profile), new TextEncoder().encode(JSON.stringify(credential)))
    },
    delete: (serverUrl, workspaceId, profile) => kv.delete(credentialKey(serverUrl, workspaceId, profile)),
    async listProfiles() {
      const all = await Promise.all((await keys()).map(read))
      return all.flatMap((found) => (found ? [withoutKey(found)] : []))
    },
    async clearAll() {
      const deleted = await Promise.all((await keys()).map((key) => kv.delete(key)))
      return deleted.filter(Boolean).length
    },
  }
}

/** A copy without the key. */
export function withoutKey({ apiKey: _apiKey, ...profile }: StoredCredential): CredentialProfile {
  return profile
}
