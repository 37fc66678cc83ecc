/** The history on disk, with any content that a server, its helpers or a crash left. */
import { appendFile, chmod, mkdir, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CccMessage } from '../../src/ccc/index.js'
import { checkRejects, createFakeClock, type FakeClock } from '../../src/testing/index.js'
import { cccHistoryFiles, type CccHistoryPosition } from '../../transports/node/index.js'
import { collectGarbage } from '../collect-garbage.js'

const TOKEN = '123456:a-token-that-nobody-may-see'
const NOON = Date.UTC(2026, 0, 16, 12)

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ccc-history-'))
})
afterEach(async () => {
  await rm(home, { recursive: true })
})

const seconds = (ms: number): number => Math.floor(ms / 1000)
const entry = (text: string, more: object = {}): string =>
  `${JSON.stringify({ id: 1, ts: seconds(NOON), from: 'claude', text, ...more })}\n`

async function write(name: string, content: string, topic = 7): Promise<void> {
  const folder = join(home, '.ccc', 'history', String(topic), 'messages')
  await mkdir(folder, { recursive: true })
  await appendFile(join(folder, `${name}.jsonl`), content)
}
const pathOf = (name: string): string => join(home, '.ccc', 'history', '7', 'messages', `${name}.jsonl`)

const configure = (sessions: object): Promise<void> =>
  writeFile(join(home, '.ccc.json'), JSON.stringify({ bot_token: TOKEN, sessions }))

async function textsOf(messages: AsyncIterable<CccMessage>): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = []
  for await (const { text } of messages) texts.push(text)
  return texts
}

describe('read', () => {
  test('[ccc.files.session] finds the topic of a session, or fails with the reason', async () => {
    const files = cccHistoryFiles({ home })
    expect((await checkRejects(files.topicOf('web'), 'not_found')).message).toContain('.ccc.json')
    await configure({ web: { topic_id: 7, path: '/x' }, 'money/shop': { topic_id: 8 }, quiet: { topic_id: 0 }, odd: {} })
    await write('2026-01-16-12', entry('hello'))
    expect(await textsOf(files.read({ session: 'web' }))).toEqual(['hello'])
    expect(await textsOf(files.read({ session: 'money/shop' }))).toEqual([])
    expect(await files.topics()).toEqual([7])
    for (const session of ['quiet', 'odd']) {
      expect((await checkRejects(files.topicOf(session), 'not_found')).message).toContain('no topic')
    }
    for (const session of ['Web', 'constructor', '__proto__']) {
      expect((await checkRejects(files.topicOf(session), 'not_found')).message).toContain('not in the configuration')
    }
    expect(await cccHistoryFiles({ home: join(home, 'nobody') }).topics()).toEqual([])
  })

  test('[ccc.files.removed] a file that is removed while an earlier one is read counts as empty', async () => {
    await write('2026-01-16-12', entry('one'))
    await write('2026-01-16-13', entry('two'))
    await write('2026-01-16-14', entry('three'))
    const seen: (string | undefined)[] = []
    for await (const { text } of cccHistoryFiles({ home }).read({ topic: 7 })) {
      seen.push(text)
      if (text === 'one') await rm(pathOf('2026-01-16-13'))
    }
    expect(seen).toEqual(['one', 'three'])
    await write('2026-01-16-13', entry('two'))
    const followed: (string | undefined)[] = []
    for await (const { text } of cccHistoryFiles({ home }).follow({ topic: 7, since: NOON })) {
      followed.push(text)
      if (text === 'one') await rm(pathOf('2026-01-16-13'))
      if (text === 'three') break
    }
    expect(followed).toEqual(['one', 'three'])
  })

  test('[ccc.files.secret] a broken configuration is reported without any of its content', async () => {
    await writeFile(join(home, '.ccc.json'), `{"bot_token":"${TOKEN}",`)
    const error = await checkRejects(cccHistoryFiles({ home }).topicOf('web'), 'unavailable')
    expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain('123456')
  })

  test('[ccc.files.tolerant] blank, broken and partial lines are skipped; a line without a newline and entries without a number are read', async () => {
    await write(
      '2026-01-16-12',
      `\n${entry('one')}not json\n[]\n"text"\nnull\n{"id":1,"ts":"late","from":"claude"}\n{"ts":5}\n\r\n{"from":"human","text":"bare"}\n`,
    )
    await write('2026-01-16-13', `${entry('two')}${entry('three').trimEnd()}`)
    await write('2026-01-16-14', `${entry('four')}{"id":1,"ts":17`)
    await write('notes', entry('no hour'))
    const seen: CccMessage[] = []
    for await (const message of cccHistoryFiles({ home }).read({ topic: 7 })) seen.push(message)
    expect(seen.map(({ text }) => text)).toEqual(['one', 'bare', 'two', 'three', 'four'])
    expect(seen[1]).toMatchObject({ id: 0, ts: 0, from: 'human' })
  })

  test('[ccc.files.long-lines] reads the entries that the API hides after a line of 64 KiB; a line above the limit is an error that names the limit', async () => {
    await write('2026-01-16-12', entry('x'.repeat(1_000_000)) + entry('behind \u2028 caf\u00e9'))
    const texts = await textsOf(cccHistoryFiles({ home }).read({ topic: 7 }))
    expect(texts.map((text) => text?.length)).toEqual([1_000_000, 13])
    expect(texts[1]).toBe('behind \u2028 caf\u00e9')
    const error = await checkRejects(textsOf(cccHistoryFiles({ home, maxLineBytes: 900_000 }).read({ topic: 7 })), 'too_large')
    expect(error.message).toContain('maxLineBytes')
  })

  test('[ccc.files.any-split] lines of every length are read whole, wherever the chunks end', async () => {
    const lengths = Array.from({ length: 3_000 }, (_, index) => (index * 7_919) % 977)
    await write('2026-01-16-12', lengths.map((length) => entry('\u00e4'.repeat(length))).join(''))
    const texts = await textsOf(cccHistoryFiles({ home }).read({ topic: 7 }))
    expect(texts.map((text) => text?.length)).toEqual(lengths)
  })

  test('[ccc.files.range] a range uses timestamps, because only the writer knows the time zone of a file name', async () => {
    // The same moment, written in Tokyo, in UTC and in Honolulu.
    for (const [name, text] of [
      ['2026-01-16-21', 'tokyo'],
      ['2026-01-16-12', 'utc'],
      ['2026-01-16-02', 'honolulu'],
    ] as const) {
      await write(name, entry(text) + entry(`${text} later`, { ts: seconds(NOON) + 60 }))
    }
    const files = cccHistoryFiles({ home })
    const sorted = async (range: object) => (await textsOf(files.read({ topic: 7, ...range }))).sort()
    const now = ['honolulu', 'tokyo', 'utc']
    expect(await sorted({ since: NOON, until: NOON + 1 })).toEqual(now)
    expect(await sorted({ since: new Date(NOON), until: NOON + 60_000 })).toEqual(now)
    expect(await sorted({ since: NOON + 1 })).toEqual(now.map((name) => `${name} later`))
    expect(await sorted({ until: NOON })).toEqual([])
    expect(await sorted({ since: NOON + 60_001 })).toEqual([])
  })

  test('[ccc.files.range] files far outside of the range are not even opened', async () => {
    await write('2026-01-16-12', entry('inside'))
    await write('2026-01-14-12', `${'x'.repeat(2_000)}\n`)
    await write('2026-01-18-12', `${'x'.repeat(2_000)}\n`)
    const files = cccHistoryFiles({ home, maxLineBytes: 1_000 })
    expect(await textsOf(files.read({ topic: 7, since: NOON, until: NOON + 1_000 }))).toEqual(['inside'])
    await checkRejects(textsOf(files.read({ topic: 7 })), 'too_large')
  })

  test('[ccc.files.abort] an abort ends the reading with an error, and a break without one', async () => {
    await write('2026-01-16-12', Array.from({ length: 20_000 }, (_, index) => entry(`number ${index}`)).join(''))
    const controller = new AbortController()
    const seen: number[] = []
    const reading = (async () => {
      for await (const { ts } of cccHistoryFiles({ home }).read({ topic: 7, signal: controller.signal })) {
        if (seen.push(ts) === 1) controller.abort('enough')
      }
    })()
    expect((await checkRejects(reading, 'aborted')).cause).toBe('enough')
    expect(seen.length).toBe(1)
    for await (const message of cccHistoryFiles({ home }).read({ topic: 7 })) {
      expect(message.text).toBe('number 0')
      break
    }
  })

  test.skipIf(process.getuid?.() === 0)('[ccc.files.denied] a file without read permission is an error', async () => {
    await write('2026-01-16-12', entry('x'))
    await chmod(pathOf('2026-01-16-12'), 0)
    await checkRejects(textsOf(cccHistoryFiles({ home }).read({ topic: 7 })), 'permission_denied')
  })

  test('[ccc.files.denied] a path that is not a file is an error with the path', async () => {
    await mkdir(pathOf('2026-01-16-12'), { recursive: true })
    const error = await checkRejects(textsOf(cccHistoryFiles({ home }).read({ topic: 7 })), 'unavailable')
    expect(error.message).toContain('2026-01-16-12.jsonl')
  })

  test('[ccc.files.memory] memory does not grow with the file', { timeout: 120_000 }, async () => {
    await write('2026-01-16-12', '')
    const line = entry('x'.repeat(900))
    const block = line.repeat(1_000)
    const file = await open(pathOf('2026-01-16-12'), 'a')
    const blocks = 150
    for (let written = 0; written < blocks; written += 1) await file.write(block)
    await file.close()
    let count = 0
    let peak = 0
    collectGarbage()
    const before = process.memoryUsage()
    for await (const _message of cccHistoryFiles({ home }).read({ topic: 7 })) {
      count += 1
      if (count % 5_000 !== 0) continue
      collectGarbage()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      peak = Math.max(peak, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers)
    }
    expect(count).toBe(blocks * 1_000)
    // The file has 144 MB.
    expect(peak).toBeLessThan(20_000_000)
  })
})

/** A follower whose clock stands still: `seen` grows only when the time is moved. */
function watched(options: { after?: CccHistoryPosition; since?: number; signal?: AbortSignal } = {}) {
  const clock: FakeClock = createFakeClock()
  const { after, ...rest } = options
  const stream = cccHistoryFiles({ home, clock }).follow(after ? { after, ...rest } : { topic: 7, ...rest })
  const seen: (string | undefined)[] = []
  const reading = (async () => {
    for await (const { text } of stream) seen.push(text)
  })()
  reading.catch(() => {})
  /** Files are read in real time: it is over when the follower waits again for its clock. */
  const waits = async (): Promise<void> => {
    while (clock.timers === 0) await new Promise((resolve) => void setTimeout(resolve, 1))
  }
  return {
    stream,
    seen,
    reading,
    clock,
    waits,
    async look() {
      await waits()
      await clock.advance(500)
      await waits()
    },
  }
}

describe('follow', () => {
  test('[ccc.files.follow] starts at the end, and continues with the next hour', async () => {
    await write('2026-01-16-12', entry('before'))
    const follower = watched()
    await follower.look()
    await write('2026-01-16-12', entry('one'))
    await follower.look()
    await write('2026-01-16-12', entry('two'))
    await write('2026-01-16-13', entry('three'))
    await follower.look()
    await write('2026-01-17-09', entry('four'))
    await follower.look()
    expect(follower.seen).toEqual(['one', 'two', 'three', 'four'])
    await follower.stream.close()
    await follower.reading
    expect(follower.clock.timers).toBe(0)
  })

  test('[ccc.files.follow] waits for the first file of a topic', async () => {
    const follower = watched()
    await follower.look()
    await write('2026-01-16-12', entry('first'))
    await follower.look()
    expect(follower.seen).toEqual(['first'])
    await follower.stream.close()
  })

  test('[ccc.files.torn] waits for the rest of a partial line, also when the next hour has started', async () => {
    const line = entry('in two pieces \u00e4')
    const bytes = new TextEncoder().encode(line)
    const cut = bytes.byteLength - 5
    await write('2026-01-16-12', entry('before'))
    const follower = watched()
    await follower.look()
    await appendFile(pathOf('2026-01-16-12'), bytes.subarray(0, cut))
    await follower.look()
    await write('2026-01-16-13', entry('next hour'))
    await follower.look()
    expect(follower.seen).toEqual(['next hour'])
    await appendFile(pathOf('2026-01-16-12'), bytes.subarray(cut))
    await follower.look()
    expect(follower.seen).toEqual(['next hour', 'in two pieces \u00e4'])
    await follower.stream.close()
  })

  test('[ccc.files.zones] writers in several zones write to several files at once', async () => {
    await write('2026-01-16-12', entry('before'))
    const follower = watched()
    await follower.look()
    await write('2026-01-16-21', entry('a helper in Tokyo'))
    await follower.look()
    await write('2026-01-16-12', entry('the daemon in UTC'))
    await write('2026-01-16-02', entry('a helper in Honolulu'))
    await follower.look()
    expect(follower.seen).toEqual(['a helper in Tokyo', 'a helper in Honolulu', 'the daemon in UTC'])
    await follower.stream.close()
  })

  test('[ccc.files.cursor] a cursor is plain data, and reading from it gives no lost and no duplicate entry', async () => {
    await write('2026-01-15-01', entry('long ago'))
    await write('2026-01-16-12', entry('before'))
    const first = watched()
    await first.look()
    await write('2026-01-16-12', entry('one'))
    await write('2026-01-16-13', entry('two'))
    await first.look()
    const cursor = JSON.parse(JSON.stringify(first.stream.cursor)) as CccHistoryPosition
    await first.stream.close()
    await write('2026-01-16-12', entry('late'))
    await write('2026-01-16-13', entry('three'))
    await write('2026-02-20-13', entry('weeks later'))
    const second = watched({ after: cursor })
    await second.look()
    expect(second.seen).toEqual(['late', 'three', 'weeks later'])
    // Old files that no process can still write to are dropped from the cursor.
    await write('2026-02-20-14', entry('more'))
    await second.look()
    expect(Object.keys(second.stream.cursor?.files ?? {})).toEqual(['2026-02-20-13.jsonl', '2026-02-20-14.jsonl'])
    await second.stream.close()
  })

  test('[ccc.files.cursor] the cursor does not include messages that were not delivered', async () => {
    await write('2026-01-16-12', '')
    const clock = createFakeClock()
    const stream = cccHistoryFiles({ home, clock }).follow({ topic: 7, since: 0 })
    await write('2026-01-16-12', entry('one') + entry('two') + entry('three'))
    for await (const { text } of stream) if (text === 'two') break
    expect(clock.timers).toBe(0)
    const after = stream.cursor
    if (!after) throw new Error('no cursor')
    const rest = watched({ after })
    await rest.look()
    expect(rest.seen).toEqual(['three'])
    await rest.stream.close()
  })

  test('[ccc.files.since] with since it starts in the past', async () => {
    await write('2025-12-01-12', entry('old', { ts: seconds(NOON) - 4_000_000 }))
    await write('2026-01-16-11', entry('too old', { ts: seconds(NOON) - 1 }))
    await write('2026-01-16-12', entry('young enough'))
    const follower = watched({ since: NOON })
    await follower.look()
    await write('2026-01-16-12', entry('new'))
    await follower.look()
    expect(follower.seen).toEqual(['young enough', 'new'])
    await follower.stream.close()
  })

  test('[ccc.files.replaced] a file that became shorter fails with resume_gap', async () => {
    await write('2026-01-16-12', entry('before'))
    const follower = watched()
    await follower.look()
    await truncate(pathOf('2026-01-16-12'), 10)
    await follower.clock.advance(500)
    expect((await checkRejects(follower.reading, 'resume_gap')).retryable).toBe(false)
    expect(follower.clock.timers).toBe(0)
  })

  test('[ccc.files.follow-abort] an abort ends a wait with an error, and close ends it without one', async () => {
    const controller = new AbortController()
    const follower = watched({ signal: controller.signal })
    await follower.look()
    controller.abort('over')
    expect((await checkRejects(follower.reading, 'aborted')).cause).toBe('over')
    expect(follower.clock.timers).toBe(0)

    const early = watched({ signal: controller.signal })
    await checkRejects(early.reading, 'aborted')

    const closed = watched()
    await closed.waits()
    await closed.stream.close()
    await closed.reading
    expect(closed.clock.timers).toBe(0)
  })

  test('[ccc.files.session] an unknown session fails at the first read', async () => {
    const stream = cccHistoryFiles({ home }).follow({ session: 'nobody' })
    await checkRejects(textsOf(stream), 'not_found')
  })
})
