/** Credential stores: the Python SDK's key for an entry, and a store over any map of bytes. */
import type { Kv } from '../store/store.js'
import { isSameServer, type CredentialProfile, type CredentialStore, type StoredCredential } from './credentials.js'
import { failure } from './errors.js'

export { isSameServer } from './credentials.js'
export type { CredentialProfile, CredentialStore, StoredCredential } from './credentials.js'

/**
 * The Python SDK's key: profile, authority as written, workspace. Two servers that differ only in scheme or path share an entry, so
 * whoever reads one must look at its `serverUrl` too.
 */
export function credentialKey(serverUrl: string, workspaceId: string, profile = 'default'): string {
  return `${profile}:${authorityOf(serverUrl)}:${workspaceId}`
}

/** The authority as Python's `urlparse` sees it: user, case and port kept; the path where there is no authority. */
function authorityOf(serverUrl: string): string {
  const afterScheme = /^[a-z][a-z0-9+.-]*:(.*)$/is.exec(serverUrl)?.[1] ?? serverUrl
  const authority = /^\/\/([^/?#]*)/.exec(afterScheme)?.[1]
  if (authority !== undefined && authority !== '') return authority
  return afterScheme.replace(/[?#].*$/s, '')
}

/** Over any map: of a browser's database, of a platform's key-value store, of memory. */
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
      const gone = await Promise.all((await keys()).map((key) => kv.delete(key)))
      return gone.filter(Boolean).length
    },
  }
}

export function withoutKey({ apiKey: _apiKey, ...profile }: StoredCredential): CredentialProfile {
  return profile
}
