/** Where a collector's credentials live. The key is shown once, at registration: whoever loses it must register anew. */

export interface StoredCredential {
  readonly serverUrl: string
  readonly workspaceId: string
  readonly collectorId: string
  readonly apiKey: string
  readonly apiKeyPrefix: string
  readonly profile: string
  /** ISO 8601. */
  readonly createdAt?: string
}

/** A credential without its key, for lists. */
export type CredentialProfile = Omit<StoredCredential, 'apiKey'>

export interface CredentialStore {
  get(serverUrl: string, workspaceId: string, profile?: string): Promise<StoredCredential | null>
  store(credential: StoredCredential): Promise<void>
  /** False when there was none. */
  delete(serverUrl: string, workspaceId: string, profile?: string): Promise<boolean>
  listProfiles(): Promise<CredentialProfile[]>
  /** How many there were. */
  clearAll(): Promise<number>
}

/** Scheme, host, port and path alike, trailing slashes aside. */
export function isSameServer(a: string, b: string): boolean {
  const plain = (url: string): string => (URL.canParse(url) ? new URL(url).href : url).replace(/\/+$/, '')
  return plain(a) === plain(b)
}
