/** The credential file of the Python SDK. Both SDKs read and write it. */
import { chmod, lstat, mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import {
  credentialKey,
  isSameServer,
  withoutKey,
  type CredentialStore,
  type StoredCredential,
} from '../../../src/catsyphon/credentials.js'
import { SignalboxError } from '../../../src/errors.js'
import { onDisk, writeAtomically } from '../store/disk.js'
import { createOwner, withLock } from '../store/lock.js'

/** Options of `fileCredentials`. */
export interface FileCredentialsOptions {
  /** Default `~/.catsyphon`. */
  readonly directory?: string
}

/** An entry of the file. */
interface WireCredential {
  readonly server_url: string
  readonly workspace_id: string
  readonly collector_id: string
  readonly api_key: string
  readonly api_key_prefix: string
  readonly profile?: string
  readonly created_at?: string
}

type File = Record<string, unknown>

const REQUIRED = ['server_url', 'workspace_id', 'collector_id', 'api_key', 'api_key_prefix'] as const

/**
 * Keeps credentials in `credentials.json` of a directory. Rejects when the file can be read by others, is a symbolic link, or is not JSON.
 *
 * @example
 * ```ts
 * import { fileCredentials } from 'signalbox/node'
 *
 * for (const { profile, serverUrl, apiKeyPrefix } of await fileCredentials().listProfiles()) console.log(profile, serverUrl, apiKeyPrefix)
 * ```
 */
export function fileCredentials({ directory = join(homedir(), '.catsyphon') }: FileCredentialsOptions = {}): CredentialStore {
  const path = join(directory, 'credentials.json')
  const owner = createOwner()

  const load = async (): Promise<File> => {
    await checkRights(path)
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return {}
      throw problem(`${path} cannot be read.`, 'Look at its owner and rights.', error)
    }
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      // The parser's own message would quote the file.
      throw problem(
        `${path} is not JSON, so nothing is read from it and nothing is written over it.`,
        'Repair it, or move it away.',
      )
    }
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as File
    throw problem(`${path} does not hold an object.`, 'Repair it, or move it away.')
  }
  const change = async <T>(work: (file: File) => T): Promise<T> => {
    return await onDisk(path, 'written', async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      return await withLock(join(directory, 'credentials.lock'), owner, async () => {
        const file = await load()
        const result = work(file)
        await writeAtomically(path, new TextEncoder().encode(JSON.stringify(file, null, 2)), 0o600)
        return result
      })
    })
  }

  return {
    async get(serverUrl, workspaceId, profile = 'default') {
      const found = read((await load())[credentialKey(serverUrl, workspaceId, profile)])
      // The entry is found by host alone, and the key is only for the server that gave it.
      return found && isSameServer(found.serverUrl, serverUrl) ? found : null
    },
    async store(credential) {
      const { serverUrl, workspaceId, profile } = credential
      await change((file) => {
        file[credentialKey(serverUrl, workspaceId, profile)] = wire(credential)
      })
    },
    async delete(serverUrl, workspaceId, profile = 'default') {
      const key = credentialKey(serverUrl, workspaceId, profile)
      if ((await load())[key] === undefined) return false
      return await change((file) => {
        const was = file[key] !== undefined
        delete file[key]
        return was
      })
    },
    async listProfiles() {
      return Object.values(await load()).flatMap((entry) => {
        const found = read(entry)
        return found ? [withoutKey(found)] : []
      })
    },
    async clearAll() {
      if (Object.keys(await load()).length === 0) return 0
      return await change((file) => {
        const keys = Object.keys(file)
        for (const key of keys) delete file[key]
        return keys.length
      })
    },
  }
}

/** Refuses a file that others can read, and a link. Windows has no such rights. */
async function checkRights(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined)
  if (!stat || process.platform === 'win32') return
  if (stat.isSymbolicLink()) throw problem(`${path} is a symbolic link.`, 'Put the file itself there.')
  if ((stat.mode & 0o077) === 0) return
  throw problem(
    `${path} can be read by others (mode ${(stat.mode & 0o777).toString(8)}).`,
    `Run: chmod 600 ${path}. If others may have read it, register anew.`,
  )
}

function read(entry: unknown): StoredCredential | null {
  if (typeof entry !== 'object' || entry === null) return null
  const found = entry as Partial<Record<keyof WireCredential, unknown>>
  if (!REQUIRED.every((key) => typeof found[key] === 'string')) return null
  const {
    server_url,
    workspace_id,
    collector_id,
    api_key,
    api_key_prefix,
    profile = 'default',
    created_at,
  } = found as unknown as WireCredential
  return {
    serverUrl: server_url,
    workspaceId: workspace_id,
    collectorId: collector_id,
    apiKey: api_key,
    apiKeyPrefix: api_key_prefix,
    profile,
    ...(created_at === undefined ? {} : { createdAt: created_at }),
  }
}

function wire({ serverUrl, workspaceId, collectorId, apiKey, apiKeyPrefix, profile, createdAt }: StoredCredential): WireCredential {
  return {
    server_url: serverUrl,
    workspace_id: workspaceId,
    collector_id: collectorId,
    api_key: apiKey,
    api_key_prefix: apiKeyPrefix,
    profile,
    created_at: createdAt ?? new Date().toISOString(),
  }
}

const problem = (message: string, hint: string, cause?: unknown): SignalboxError =>
  new SignalboxError({ code: 'permission_denied', message, hint, system: 'catsyphon', ...(cause === undefined ? {} : { cause }) })

/** Makes the credential file unreadable for others, where an older tool left it readable. */
export async function protectCredentials({
  directory = join(homedir(), '.catsyphon'),
}: FileCredentialsOptions = {}): Promise<void> {
  await chmod(join(directory, 'credentials.json'), 0o600)
}
