/** The file store while other handles, other processes and the disk change it at a bad moment. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SignalboxError } from '../../src/index.js'
import { fileStore } from '../../transports/node/index.js'
import { createOwner, tryLock, withLock } from '../../transports/node/store/lock.js'
import { writeProgram } from '../program.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-store-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
const logFiles = (name: string): string[] =>
  readdirSync(join(directory, 'log', name))
    .filter((file) => file.endsWith('.ndjson'))
    .sort()
    .map((file) => join(directory, 'log', name, file))

describe('handles of one process', () => {
  test('a log that is opened while its last handle closes is open [store.file.handles]', async () => {
    await using store = fileStore({ directory })
    const first = await store.log('events')
    await first.append([bytesOf('one')])
    const closing = first[Symbol.asyncDispose]()
    const second = await store.log('events')
    await closing
    await second.append([bytesOf('two')])
    expect((await second.read(0)).entries.map(({ bytes }) => textOf(bytes))).toEqual(['one', 'two'])
  })

  test('a log whose open was pending when its store closed is not left locked [store.file.handles]', async () => {
    const store = fileStore({ directory })
    const opening = store.log('events')
    await store[Symbol.asyncDispose]()
    await expect(opening).rejects.toMatchObject({ code: 'closed' })
    await using other = fileStore({ directory })
    const log = await other.log('events')
    expect(await log.append([bytesOf('one')])).toEqual([1])
  })

  test('a lease whose acquisition was pending when its store closed is free at once [store.file.handles]', async () => {
    const store = fileStore({ directory })
    const leases = await store.lease('workers')
    const acquiring = leases.acquire('key', { ttlMs: 60_000 })
    acquiring.catch(() => {})
    await store[Symbol.asyncDispose]()
    await acquiring.catch(() => {})
    await using other = fileStore({ directory })
    expect(await (await other.lease('workers')).acquire('key', { ttlMs: 1000 })).not.toBeNull()
  })

  test('a read survives a trim that removes its files [store.file.trim-beside-read]', async () => {
    await using store = fileStore({ directory, segmentBytes: 200, sync: false })
    const log = await store.log('events')
    for (let count = 0; count < 300; count += 1) await log.append([bytesOf('x'.repeat(150))])
    expect(logFiles('events').length).toBeGreaterThan(100)
    const reading = log.read(0, { maxEntries: 1000 })
    await log.trim(300)
    const page = await reading
    // Entries that were read before the files were removed, or the remaining ones; the rest is a gap of the next page.
    expect(page.next).toBe((page.entries.at(-1)?.sequence ?? 0) + 1)
    const rest = await log.read(page.next)
    if (page.next < 300) expect(rest).toMatchObject({ gap: { reason: 'expired', to: 300 }, entries: [{ sequence: 300 }] })
    else expect(rest.gap).toBeUndefined()
  })
})

describe('damage on the disk', () => {
  const forget = (path: string, text: string): void => {
    const content = readFileSync(path, 'utf8')
    expect(content).toContain(text)
    writeFileSync(path, content.replace(text, '#'.repeat(text.length)))
  }

  test('a tail passes an entry that was damaged since, and the damage is reported [store.file.corrupt]', async () => {
    const told: unknown[] = []
    await using store = fileStore({ directory, onDamage: (damage) => void told.push(damage) })
    const log = await store.log('events')
    await log.append([bytesOf('one'), bytesOf('two')])
    const [file = ''] = logFiles('events')
    forget(file, 'two')
    const heard: string[] = []
    const controller = new AbortController()
    const tail = log.tail(0, { signal: controller.signal })
    const listening = (async () => {
      for await (const page of tail) for (const { bytes } of page.entries) heard.push(textOf(bytes))
    })()
    listening.catch(() => {})
    await expect.poll(() => heard).toEqual(['one'])
    await log.append([bytesOf('three')])
    await expect.poll(() => heard).toEqual(['one', 'three'])
    controller.abort()
    expect(told).toMatchObject([{ kind: 'corrupt', log: 'events', file, lines: 1 }])
    expect((await log.read(2)).next).toBe(4)
  })

  test('a position at a damaged last entry reads as the end of the log [store.file.corrupt]', async () => {
    await using store = fileStore({ directory })
    const log = await store.log('events')
    await log.append([bytesOf('one'), bytesOf('two')])
    const [file = ''] = logFiles('events')
    forget(file, 'two')
    expect((await log.read(2)).next).toBe(3)
    expect((await log.read(0)).entries.map(({ bytes }) => textOf(bytes))).toEqual(['one'])
  })

  test('the sequences of damaged last lines are not given again [store.file.corrupt]', async () => {
    {
      await using store = fileStore({ directory })
      const log = await store.log('events')
      expect(await log.append([bytesOf('one'), bytesOf('two'), bytesOf('three')])).toEqual([1, 2, 3])
    }
    const [file = ''] = logFiles('events')
    rmSync(join(directory, 'log', 'events', 'meta.json'))
    forget(file, 'two')
    forget(file, 'three')
    for (const next of [4, 5]) {
      await using store = fileStore({ directory })
      const log = await store.log('events')
      expect(await log.append([bytesOf('more')])).toEqual([next])
    }
  })

  test('a log with a damaged meta file is not started over [store.file.meta]', async () => {
    {
      await using store = fileStore({ directory })
      const log = await store.log('events')
      const [last = 0] = await log.append([bytesOf('one')], { fence: { key: 'lease', token: 9 } })
      await log.trim(last + 1)
    }
    writeFileSync(join(directory, 'log', 'events', 'meta.json'), '{"first":2,"ne')
    await using store = fileStore({ directory })
    await expect(store.log('events')).rejects.toMatchObject({ code: 'invalid_message' })
  })
})

test('incomplete files of a killed process are removed, and those of a running process are not [store.file.swept]', async () => {
  const left = (kind: string, name: string): string => join(directory, kind, name, `file.${'0'.repeat(8)}.tmp`)
  {
    await using store = fileStore({ directory })
    await store.log('events')
    await store.kv('map')
    writeFileSync(left('log', 'events'), 'half')
    writeFileSync(left('kv', 'map'), 'half')
  }
  await using store = fileStore({ directory })
  const lock = await tryLock(join(directory, 'kv', 'map', 'lock'), createOwner())
  await store.kv('map')
  expect(existsSync(left('kv', 'map'))).toBe(true)
  await lock?.release()
  await store.kv('map')
  await store.log('events')
  expect([existsSync(left('kv', 'map')), existsSync(left('log', 'events'))]).toEqual([false, false])
})

describe('locks', () => {
  test('a process without a free descriptor does not take over the lock of another [store.file.lock-kept]', async () => {
    const path = join(directory, 'lock')
    const lock = await tryLock(path, createOwner())
    expect(lock).not.toBeNull()
    const program = join(directory, 'program.mjs')
    writeProgram(
      program,
      `import { openSync } from 'node:fs'
import { createOwner, tryLock } from './store/lock.js'
const owner = createOwner()
try { for (;;) openSync('/dev/null') } catch {}
console.log(await tryLock(${JSON.stringify(path)}, owner).then((lock) => lock === null ? 'held' : 'taken', (error) => error.code))`,
    )
    const { stdout, stderr } = spawnSync('sh', ['-c', `ulimit -n 64; exec "${process.execPath}" "${program}"`], {
      encoding: 'utf8',
    })
    expect([stdout, stderr]).toEqual(['EMFILE\n', ''])
    expect(readFileSync(path, 'utf8')).toContain(String(process.pid))
  })

  test('an owner that is slow to write its name keeps its lock [store.file.lock-kept]', async () => {
    const path = join(directory, 'lock')
    writeFileSync(path, '')
    const asking = tryLock(path, createOwner())
    // Much later than the write on an idle machine.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(readFileSync(path, 'utf8')).toBe('')
    writeFileSync(path, JSON.stringify(createOwner()))
    expect(await asking).toBeNull()
  })

  test('a lock file names its owner from the moment it exists, so a kill leaves no empty one [store.file.lock-whole]', async () => {
    const path = join(directory, 'kv', 'map', 'lock')
    await using store = fileStore({ directory })
    const map = await store.kv('map')
    const seen = new Set<string>()
    let writing = true
    const writes = (async () => {
      for (let count = 0; count < 60; count += 1) await map.put('key', Uint8Array.of(count))
      writing = false
    })()
    while (writing) {
      if (existsSync(path)) seen.add(readIfThere(path) ?? 'gone')
      await new Promise((resolve) => setImmediate(resolve))
    }
    await writes
    seen.delete('gone')
    expect([...seen].map((text) => (text === '' ? 'empty' : (JSON.parse(text) as { pid: number }).pid))).toEqual([process.pid])
    expect(readdirSync(join(directory, 'kv', 'map'))).toEqual(['key.kv'])
  })

  test('a process that is killed inside its writes leaves no lock without a name [store.file.lock-whole]', async () => {
    const path = join(directory, 'kv', 'map', 'lock')
    const program = join(directory, 'program.mjs')
    writeProgram(
      program,
      `import { fileStore } from './store/file.js'
const map = await fileStore({ directory: ${JSON.stringify(directory)}, sync: false }).kv('map')
await map.put('key', Uint8Array.of(0))
console.log('ready')
for (let count = 1; ; count += 1) await map.put('key', Uint8Array.of(count % 256))`,
    )
    for (let round = 0; round < 10; round += 1) {
      const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, 5 + round * 3))
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(readIfThere(path)).not.toBe('')
      await using store = fileStore({ directory })
      expect(await (await store.kv('map')).get('key')).not.toBeNull()
    }
  })

  test('a lock in a directory that does not exist rejects at once [store.file.typed]', async () => {
    await expect(tryLock(join(directory, 'missing', 'lock'), createOwner())).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('waiting for a lock that is never released ends with a typed error [store.file.typed]', async () => {
    const path = join(directory, 'lock')
    await tryLock(path, createOwner())
    const error: unknown = await withLock(path, createOwner(), async () => 'done', 3).catch((cause: unknown) => cause)
    expect(SignalboxError.is(error, 'unavailable')).toBe(true)
  })

  test('a map lists all its keys with few descriptors [store.file.list]', async () => {
    {
      await using store = fileStore({ directory })
      const map = await store.kv('map')
      for (let count = 0; count < 300; count += 1) await map.put(`${'K'.repeat(100)}${count}`, Uint8Array.of(1))
    }
    const program = join(directory, 'program.mjs')
    writeProgram(
      program,
      `import { fileStore } from './store/file.js'
const map = await fileStore({ directory: ${JSON.stringify(directory)} }).kv('map')
console.log((await map.list()).length)`,
    )
    const out = execFileSync('sh', ['-c', `ulimit -n 64; exec "${process.execPath}" "${program}"`], { encoding: 'utf8' })
    expect(out).toBe('300\n')
  })

  test('a path that is not a directory gives a typed error everywhere [store.file.typed]', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    await using store = fileStore({ directory: file })
    for (const open of [() => store.log('a'), () => store.kv('a'), () => store.lease('a')]) {
      const error: unknown = await open().catch((cause: unknown) => cause)
      expect(SignalboxError.is(error, 'unavailable')).toBe(true)
    }
    await using other = fileStore({ directory })
    const map = await other.kv('map')
    mkdirSync(join(directory, 'kv', 'map', 'key.kv'))
    for (const use of [() => map.get('key'), () => map.put('key', Uint8Array.of(1)), () => map.delete('key')]) {
      const error: unknown = await use().catch((cause: unknown) => cause)
      expect(SignalboxError.is(error, 'unavailable')).toBe(true)
    }
  })
})
