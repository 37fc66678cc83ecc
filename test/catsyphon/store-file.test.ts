/** The file driver: the store suite, and the effects of a crash, a full disk or a bad sector. */
import { constants } from 'node:fs'
import { appendFile, mkdtemp, open, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createFakeClock, storeCases } from '../../src/testing/index.js'
import { fileStore, type LogDamage } from '../../transports/node/store/file.js'
import { decodeRecord, encodeRecord } from '../../transports/node/store/record.js'
import { crc32 } from '../../transports/node/store/crc.js'
import { fileNameOf, nameOf } from '../../transports/node/store/names.js'

const root = await mkdtemp(join(tmpdir(), 'signalbox-store-'))
afterAll(() => rm(root, { recursive: true, force: true }))
let count = 0
const place = (): string => {
  count += 1
  return join(root, `place-${count}`)
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const texts = (entries: readonly { bytes: Uint8Array }[]): string[] => entries.map((entry) => new TextDecoder().decode(entry.bytes))

describe('the laws of every store', () => {
  for (const { id, title, skip, run } of storeCases) {
    test(`[${id}] ${title}`, async ({ skip: skipTest }) => {
      const clock = createFakeClock()
      const at = place()
      await using store = fileStore({ directory: at, clock, maxBytes: 1024 * 1024 })
      const context = {
        store,
        openPlace: async (name: string) => fileStore({ directory: join(root, name), clock }),
        wait: (ms: number) => clock.advance(ms),
      }
      const why = skip?.(context)
      if (why !== undefined) skipTest(why)
      await run(context)
    })
  }
})

/** Opens a log, writes, and stops without a close: a later open finds only the content of the disk. */
async function written(directory: string, entries: string[], segmentBytes = 1024 * 1024): Promise<string> {
  const store = fileStore({ directory, segmentBytes })
  const log = await store.log('log')
  for (const entry of entries) await log.append([bytes(entry)])
  await store[Symbol.asyncDispose]()
  return join(directory, 'log', 'log')
}

describe('files after a crash', () => {
  test('[store.file.torn] a truncated last record is removed and reported, and no other record is', async () => {
    const whole = encodeRecord({ sequence: 4, bytes: bytes('never acknowledged') })
    for (let cut = 1; cut < whole.length; cut += 1) {
      const directory = place()
      const path = await written(directory, ['one', 'two', 'three'])
      const [file = ''] = (await readdir(path)).filter((name) => name.endsWith('.ndjson'))
      await appendFile(join(path, file), whole.subarray(0, cut))
      const told: LogDamage[] = []
      await using store = fileStore({ directory, onDamage: (damage) => void told.push(damage) })
      await using log = await store.log('log')
      expect(texts((await log.read(0)).entries)).toEqual(['one', 'two', 'three'])
      expect(told.map(({ kind }) => kind)).toEqual(['torn'])
      expect(await log.append([bytes('four')])).toEqual([4])
      expect(texts((await log.read(4)).entries)).toEqual(['four'])
    }
  })

  test('[store.file.corrupt] a damaged line is lost and reported, and a copy of the file is kept', async () => {
    const directory = place()
    const path = await written(directory, ['one', 'two', 'three', 'four'])
    const [file = ''] = (await readdir(path)).filter((name) => name.endsWith('.ndjson'))
    const target = join(path, file)
    await writeFile(target, (await readFile(target, 'utf8')).replace('"two"', '"twO"'))
    const told: (LogDamage & { log: string })[] = []
    await using store = fileStore({ directory, onDamage: (damage) => void told.push(damage) })
    await using log = await store.log('log')
    expect(texts((await log.read(0)).entries)).toEqual(['one', 'three', 'four'])
    expect(told).toMatchObject([{ kind: 'corrupt', lines: 1, log: 'log' }])
    expect(await readFile(`${target}.corrupt`, 'utf8')).toContain('"twO"')
    expect(await log.append([bytes('five')])).toEqual([5])
  })

  test('[store.file.corrupt] a damaged last line that is complete is reported as corrupt, not as torn', async () => {
    const directory = place()
    const path = await written(directory, ['one', 'two'])
    const [file = ''] = (await readdir(path)).filter((name) => name.endsWith('.ndjson'))
    await writeFile(join(path, file), (await readFile(join(path, file), 'utf8')).replace('"two"', '"twO"'))
    const told: LogDamage[] = []
    await using store = fileStore({ directory, onDamage: (damage) => void told.push(damage) })
    await using log = await store.log('log')
    expect(texts((await log.read(0)).entries)).toEqual(['one'])
    expect(told.map(({ kind }) => kind)).toEqual(['corrupt'])
  })

  test('[store.file.zeros] a tail of zeros from a power cut is removed', async () => {
    const directory = place()
    const path = await written(directory, ['one'])
    const [file = ''] = (await readdir(path)).filter((name) => name.endsWith('.ndjson'))
    await appendFile(join(path, file), new Uint8Array(4096))
    await using store = fileStore({ directory })
    await using log = await store.log('log')
    await log.append([bytes('two')])
    expect(texts((await log.read(0)).entries)).toEqual(['one', 'two'])
  })
})

describe('files', () => {
  test('[store.file.segments] trimmed files are removed, and the sequences continue', async () => {
    const directory = place()
    const store = fileStore({ directory, segmentBytes: 200 })
    const log = await store.log('log')
    const files = async (): Promise<number> =>
      (await readdir(join(directory, 'log', 'log'))).filter((name) => name.endsWith('.ndjson')).length
    for (let index = 1; index <= 30; index += 1) await log.append([bytes(`entry ${index}`)])
    expect(await files()).toBeGreaterThan(3)
    expect(texts((await log.read(0)).entries)).toHaveLength(30)
    expect(texts((await log.read(17, { maxEntries: 2 })).entries)).toEqual(['entry 17', 'entry 18'])
    await log.trim(31)
    expect(await files()).toBe(1)
    expect(await log.append([bytes('more')])).toEqual([31])
    await store[Symbol.asyncDispose]()
  })

  test('[store.file.group] appends of one turn share a write, keep their order and are all stored', async () => {
    const directory = place()
    await using store = fileStore({ directory })
    await using log = await store.log('log')
    const given = await Promise.all(Array.from({ length: 500 }, (_, index) => log.append([bytes(`e${index}`)])))
    expect(given.flat()).toEqual(Array.from({ length: 500 }, (_, index) => index + 1))
    expect(texts((await log.read(0)).entries)).toEqual(Array.from({ length: 500 }, (_, index) => `e${index}`))
  })

  test.skipIf(process.platform !== 'linux')(
    '[store.file.synced] the file of a log is open so that a write returns when it is on the disk, and without `sync` it is not',
    async () => {
      for (const sync of [true, false]) {
        const directory = place()
        await using store = fileStore({ directory, sync })
        await using log = await store.log('log')
        await log.append([bytes('one')])
        const flags: number[] = []
        for (const fd of await readdir('/proc/self/fd')) {
          const path = await readlink(`/proc/self/fd/${fd}`).catch(() => '')
          if (!path.startsWith(directory) || !path.endsWith('.ndjson')) continue
          const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8')
          flags.push(Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? '', 8))
        }
        expect(flags).toHaveLength(1)
        expect(((flags[0] ?? 0) & constants.O_DSYNC) !== 0).toBe(sync)
      }
    },
  )

  test('[store.file.private] other users cannot read the files', async () => {
    const directory = place()
    const path = await written(directory, ['secret'])
    await using store = fileStore({ directory })
    await using kv = await store.kv('kv')
    await kv.put('Key', bytes('secret'))
    for (const folder of [path, join(directory, 'kv', 'kv')]) {
      expect((await stat(folder)).mode & 0o077).toBe(0)
      for (const file of await readdir(folder)) expect((await stat(join(folder, file))).mode & 0o077, file).toBe(0)
    }
  })

  test('[store.file.exclusive] a log that a living process writes cannot be opened by another store', async () => {
    const directory = place()
    await using first = fileStore({ directory })
    await using second = fileStore({ directory })
    const log = await first.log('log')
    await expect(second.log('log')).rejects.toMatchObject({ code: 'conflict' })
    await log[Symbol.asyncDispose]()
    await using again = await second.log('log')
    expect(await again.append([bytes('one')])).toEqual([1])
  })

  test('[store.file.stale-lock] a complete or partly written lock of a dead process is taken over', async () => {
    for (const content of [JSON.stringify({ pid: 2 ** 22 + 1, birth: '1', id: 'x' }), '', '{"pi']) {
      const directory = place()
      const path = await written(directory, ['one'])
      await writeFile(join(path, 'lock'), content)
      await using store = fileStore({ directory })
      await using log = await store.log('log')
      expect(texts((await log.read(0)).entries)).toEqual(['one'])
    }
  })

  test('[store.file.names] file names can be decoded to the names, and differ on a case-insensitive file system', () => {
    for (const name of ['plain', 'With Case', 'a/b:c', 'ü😀', '%', '..', 'x'.repeat(170)])
      expect(nameOf(fileNameOf(name))).toBe(name)
    expect(fileNameOf('A').toLowerCase()).not.toBe(fileNameOf('a'))
    expect(fileNameOf('😀'.repeat(64)).length).toBeLessThan(200)
  })
})

describe('records', () => {
  test('[store.file.record] any bytes are read back, and a changed bit is detected', () => {
    const samples = [
      bytes(''),
      bytes('text "quoted" \n\u2028 😀'),
      Uint8Array.from({ length: 256 }, (_, index) => index),
      Uint8Array.from([0xef, 0xbb, 0xbf, 65]),
    ]
    for (const sample of samples) {
      const line = encodeRecord({ sequence: 7, bytes: sample })
      expect(decodeRecord(line.subarray(0, -1))).toEqual({ sequence: 7, bytes: sample })
    }
    const line = encodeRecord({ sequence: 7, bytes: bytes('hello') })
    for (let at = 0; at < line.length - 1; at += 1) {
      const changed = line.slice(0, -1)
      changed[at] = (changed[at] as number) ^ 1
      const read = decodeRecord(changed)
      // A change without meaning in JSON, such as a space, changes nothing.
      if (read) expect(read).toEqual({ sequence: 7, bytes: bytes('hello') })
    }
    expect(crc32(bytes('123456789'))).toBe(0xcbf43926)
  })
})

test('[store.file.full-disk] a failed write rejects and leaves nothing in the log, and the next write succeeds', async () => {
  const directory = place()
  await using store = fileStore({ directory })
  await using log = await store.log('log')
  await log.append([bytes('one')])
  const [file = ''] = (await readdir(join(directory, 'log', 'log'))).filter((name) => name.endsWith('.ndjson'))
  const probe = await open(join(directory, 'log', 'log', file), 'r')
  const prototype = Object.getPrototypeOf(probe) as { write: (...args: unknown[]) => Promise<{ bytesWritten: number }> }
  await probe.close()
  const { write } = prototype
  // The disk accepts the first ten bytes and then reports that it is full.
  prototype.write = async function (this: unknown, ...args: unknown[]) {
    if (Number(args[1]) > 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    return await write.call(this, args[0], args[1], 10, args[3])
  }
  try {
    await expect(log.append([bytes('two, which is long enough')])).rejects.toMatchObject({
      code: 'unavailable',
      remoteCode: 'ENOSPC',
      sent: 'no',
    })
  } finally {
    prototype.write = write
  }
  expect(await log.append([bytes('three')])).toEqual([2])
  expect(texts((await log.read(0)).entries)).toEqual(['one', 'three'])
})
