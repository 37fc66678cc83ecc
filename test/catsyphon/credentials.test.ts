/** The credential file that is shared with the Python SDK. */
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { credentialKey } from '../../src/catsyphon/credentials.js'
import { fileCredentials, protectCredentials } from '../../transports/node/catsyphon/credentials.js'

const root = await mkdtemp(join(tmpdir(), 'signalbox-credentials-'))
afterAll(() => rm(root, { recursive: true, force: true }))
let count = 0
const place = (): string => {
  count += 1
  return join(root, `place-${count}`)
}
const credential = (serverUrl = 'http://localhost:8000', profile = 'default') => ({
  serverUrl,
  workspaceId: '0b1c',
  collectorId: '6e7e',
  apiKey: 'cs_live_abcdefgh',
  apiKeyPrefix: 'cs_live_abcd',
  profile,
  createdAt: '2026-11-21T04:08:50.946397+00:00',
})

/** What the Python SDK wrote. */
const WRITTEN_BY_PYTHON = `{
  "default:localhost:8000:0b1c": {
    "server_url": "http://localhost:8000",
    "workspace_id": "0b1c",
    "collector_id": "6e7e",
    "api_key": "cs_live_abcdefgh",
    "api_key_prefix": "cs_live_abcd",
    "profile": "default",
    "created_at": "2026-11-21T04:08:50.946397+00:00"
  }
}`

test('[catsyphon.credentials.shared] reads the file of the Python SDK, and writes the same content', async () => {
  const directory = place()
  const store = fileCredentials({ directory })
  await store.store(credential())
  expect(await readFile(join(directory, 'credentials.json'), 'utf8')).toBe(WRITTEN_BY_PYTHON)
  expect(await store.get('http://localhost:8000/', '0b1c')).toEqual(credential())
})

test('[catsyphon.credentials.shared] unknown entries and fields of the file are kept', async () => {
  const directory = place()
  await mkdir(directory)
  await writeFile(join(directory, 'credentials.json'), '{"other":{"x":1}}', { mode: 0o600 })
  await fileCredentials({ directory }).store(credential())
  expect(JSON.parse(await readFile(join(directory, 'credentials.json'), 'utf8'))).toHaveProperty('other', { x: 1 })
})

test('[catsyphon.credentials.key] the key of an entry is the one that Python makes', () => {
  const urls: [string, string][] = [
    ['http://localhost:8000', 'localhost:8000'],
    ['https://User:pw@Host:443/api/', 'User:pw@Host:443'],
    ['localhost:8000', '8000'],
    ['host.example', 'host.example'],
    ['http://[::1]:8000/x', '[::1]:8000'],
  ]
  for (const [url, authority] of urls) expect(credentialKey(url, 'w', 'p')).toBe(`p:${authority}:w`)
  const python = spawnSync(
    'python3',
    [
      '-c',
      'import sys,urllib.parse as u\nfor a in sys.argv[1:]:\n p=u.urlparse(a); print(p.netloc or p.path)',
      ...urls.map(([url]) => url),
    ],
    { encoding: 'utf8' },
  )
  if (python.status === 0) expect(python.stdout.trim().split('\n')).toEqual(urls.map(([, authority]) => authority))
})

test('[catsyphon.credentials.server] a key is not given to another server that shares the entry', async () => {
  const store = fileCredentials({ directory: place() })
  await store.store(credential('http://localhost:8000/api'))
  expect(await store.get('https://localhost:8000/api', '0b1c')).toBeNull()
  expect(await store.get('http://localhost:8000', '0b1c')).toBeNull()
  expect(await store.get('http://localhost:8000/api/', '0b1c')).not.toBeNull()
})

test('[catsyphon.credentials.rights] the file is private from its first byte, and a readable one is refused', async () => {
  const directory = place()
  const store = fileCredentials({ directory })
  await store.store(credential())
  const path = join(directory, 'credentials.json')
  expect([(await stat(directory)).mode & 0o777, (await stat(path)).mode & 0o777]).toEqual([0o700, 0o600])
  for (const mode of [0o644, 0o640, 0o602]) {
    await chmod(path, mode)
    const failure = await store.get('http://localhost:8000', '0b1c').catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'permission_denied' })
    expect(String(failure)).toContain('chmod 600')
    await expect(store.store(credential())).rejects.toMatchObject({ code: 'permission_denied' })
  }
  await protectCredentials({ directory })
  expect(await store.get('http://localhost:8000', '0b1c')).not.toBeNull()
})

test('[catsyphon.credentials.damaged] an unreadable file is not overwritten, and errors do not quote it', async () => {
  for (const content of ['{"default:h:w": {"api_key": "cs_live_abcdefgh"', '[]', '"x"']) {
    const directory = place()
    await mkdir(directory)
    const path = join(directory, 'credentials.json')
    await writeFile(path, content, { mode: 0o600 })
    const failure = await fileCredentials({ directory })
      .store(credential())
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'permission_denied' })
    expect(JSON.stringify(failure) + String((failure as Error).cause)).not.toContain('abcdefgh')
    expect(await readFile(path, 'utf8')).toBe(content)
  }
  const directory = place()
  await mkdir(directory)
  await writeFile(join(root, 'elsewhere.json'), '{}', { mode: 0o600 })
  await symlink(join(root, 'elsewhere.json'), join(directory, 'credentials.json'))
  await expect(fileCredentials({ directory }).listProfiles()).rejects.toMatchObject({ code: 'permission_denied' })
})

test('[catsyphon.credentials.damaged] a directory that cannot be written to gives a typed error', async () => {
  const directory = place()
  await writeFile(directory, '')
  const failure = await fileCredentials({ directory: join(directory, 'below') })
    .store(credential())
    .catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'SignalboxError', code: 'unavailable', sent: 'no', remoteCode: 'ENOTDIR' })
})

test('[catsyphon.credentials.profiles] profiles are listed without their keys, deleted one by one or all', async () => {
  const directory = place()
  const store = fileCredentials({ directory })
  expect(await store.listProfiles()).toEqual([])
  expect(await store.clearAll()).toBe(0)
  // Concurrent writes: each profile exists afterwards.
  await Promise.all(['default', 'work', 'home'].map((profile) => store.store(credential('http://localhost:8000', profile))))
  const profiles = await store.listProfiles()
  expect(profiles.map(({ profile }) => profile).sort()).toEqual(['default', 'home', 'work'])
  expect(JSON.stringify(profiles)).not.toContain('cs_live_abcdefgh')
  expect(await store.delete('http://localhost:8000', '0b1c', 'work')).toBe(true)
  expect(await store.delete('http://localhost:8000', '0b1c', 'work')).toBe(false)
  expect(await store.clearAll()).toBe(2)
  expect(await store.get('http://localhost:8000', '0b1c')).toBeNull()
  expect((await readdir(directory)).sort()).toEqual(['credentials.json'])
})
