import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { acceptFrames, socketCodeOf } from '../../src/core/link-protocol/accept.js'
import { connectFrames } from '../../src/core/link-protocol/connect.js'
import { MAX_FRAME_BYTES, parseControl } from '../../src/core/link-protocol/frames.js'
import { SignalboxError } from '../../src/index.js'
import { checkRejects, createFakeClock } from '../../src/testing/index.js'
import type { Link } from '../../src/index.js'
import { framePair, type FramePair } from './frame-pair.js'

async function opened(options: Parameters<typeof framePair>[0] = {}): Promise<FramePair & { near: Link; far: Link }> {
  const pair = framePair(options)
  const [near, far] = await Promise.all([pair.client.link, pair.server.link])
  return Object.assign(pair, { near, far })
}
/** A socket whose other end sends nothing. */
function lonelySocket() {
  const sent: string[] = []
  const codes: number[] = []
  return {
    sent,
    send: (frame: string | Uint8Array): void => void sent.push(String(frame)),
    close: (code: number): void => void codes.push(code),
    get closedWith() {
      return codes[0]
    },
  }
}

const credits = ({ crossed }: FramePair, from: string): number =>
  crossed
    .filter((each) => each.from === from && typeof each.frame === 'string')
    .map(({ frame }) => JSON.parse(frame as string) as { type: string; bytes?: number })
    .reduce((sum, { type, bytes = 0 }) => (type === 'credit' ? sum + bytes : sum), 0)

describe('opening', () => {
  test('the first frames set what each side may send and carry the credential of the client [link.open]', async () => {
    const heard: unknown[] = []
    const pair = framePair({ credential: 'secret-credential', launch: { model: 'x' }, authorize: (open) => void heard.push(open) })
    const far = await pair.server.link
    await pair.client.link
    expect(heard).toEqual([{ credential: 'secret-credential', launch: { model: 'x' } }])
    expect(pair.crossed.map(({ from, frame }) => [from, JSON.parse(String(frame))])).toEqual([
      ['client', { type: 'open', window: 262144, credential: 'secret-credential', launch: { model: 'x' } }],
      ['server', { type: 'open', window: 262144 }],
    ])
    // The link keeps the launch of the open, and not the credential.
    expect(far.launch).toEqual({ model: 'x' })
    expect(JSON.stringify(far)).not.toContain('secret-credential')
  })

  test('a launch of a wrong type or length is refused before anything is sent [link.open]', async () => {
    const say = async (launch: unknown) => {
      const socket = lonelySocket()
      const { link, begin } = connectFrames({ info: { id: 'x', transport: 'test' }, socket, launch })
      const refused = link.then(
        () => expect.unreachable(),
        (error: unknown) => error,
      )
      begin()
      return { error: await refused, socket }
    }
    const circle: Record<string, unknown> = {}
    circle.self = circle
    for (const [launch, code] of [
      [circle, 'invalid_argument'],
      [{ count: 1n }, 'invalid_argument'],
      [{ text: 'x'.repeat(300_000) }, 'too_large'],
    ] as const) {
      const { error, socket } = await say(launch)
      expect(error).toMatchObject({ code, op: 'open', sent: 'no' })
      expect([socket.sent, socket.closedWith]).toEqual([[], 1000])
    }
  })

  test('a client that does not send open within two seconds is closed [link.open-timeout]', async () => {
    const clock = createFakeClock()
    const socket = lonelySocket()
    const { link, receiver } = acceptFrames({ info: { id: 'x', transport: 'test' }, socket, clock })
    link.catch(() => {})
    await clock.advance(1_999)
    expect(socket.closedWith).toBeUndefined()
    await clock.advance(1)
    expect(socket.closedWith).toBe(4408)
    await checkRejects(link, 'deadline_exceeded')
    receiver.socketClosed(1000, '')
    expect(clock.timers).toBe(0)
  })

  test('a refusal gives the reason in the frame and in the close code [link.refused]', async () => {
    const refuse = (): never => {
      throw new SignalboxError({
        code: 'permission_denied',
        message: 'Not yours.',
        hint: 'Ask for the scope.',
        remoteCode: 'scope_missing',
      })
    }
    const pair = framePair({ authorize: refuse })
    const error = await checkRejects(pair.client.link, 'permission_denied')
    expect(error).toMatchObject({ message: 'Not yours. Ask for the scope.', remoteCode: 'scope_missing', sent: 'no' })
    expect(pair.closedWith).toMatchObject({ by: 'server', code: 4403 })
    await checkRejects(pair.server.link, 'permission_denied')
  })

  test('the details of a foreign error are not sent to the client [link.refused]', async () => {
    const refuse = (): never => {
      throw new Error('password of the database: hunter2')
    }
    const pair = framePair({ authorize: refuse })
    const error = await checkRejects(pair.client.link, 'remote')
    expect(error.message + JSON.stringify(pair.crossed)).not.toContain('hunter2')
  })

  test('a refusal after a launch has sent: maybe', async () => {
    const pair = framePair({
      launch: { resume: 'x' },
      authorize: () => {
        throw new SignalboxError({ code: 'unavailable', message: 'Full.', retryAfterMs: 1500 })
      },
    })
    const error = await checkRejects(pair.client.link, 'unavailable')
    expect(error).toMatchObject({ sent: 'maybe', retryAfterMs: 1500 })
  })

  test('a client that leaves during its authentication is detected', async () => {
    let fallen: AbortSignal | undefined
    const pair = framePair({
      authorize: (_open, signal) => {
        fallen = signal
        return new Promise(() => {})
      },
    })
    await expect.poll(() => fallen).toBeDefined()
    pair.die()
    await checkRejects(pair.server.link, 'closed')
    expect(fallen?.aborted).toBe(true)
  })

  test.each([
    ['bytes', new Uint8Array(3)],
    ['credit', '{"type":"credit","bytes":1}'],
    ['a window of nothing', '{"type":"open","window":0}'],
    ['no JSON', 'open please'],
    ['an array', '[]'],
    ['a type of another version', '{"type":"resume"}'],
    ['a credential that is no text', '{"type":"open","window":1000,"credential":{}}'],
    ['too much', `{"type":"open","window":1000,"launch":"${'x'.repeat(300_000)}"}`],
  ])('a client that starts with %s is closed with 4400 [link.invalid]', async (_name, frame) => {
    const socket = lonelySocket()
    const { link, receiver } = acceptFrames({ info: { id: 'x', transport: 'test' }, socket })
    link.catch(() => {})
    receiver.frame(frame)
    expect(socket.closedWith).toBe(4400)
    expect(JSON.parse(socket.sent[0] ?? '')).toMatchObject({ type: 'close', code: 'protocol' })
    await checkRejects(link, 'protocol')
    receiver.socketClosed(1006, '')
  })
})

describe('credit', () => {
  test('a writer never has more unread bytes in flight than the window, and continues when the reader reads [link.credit]', async () => {
    const pair = await opened({ windowBytes: 100_000 })
    const writing = pair.near.write(new Uint8Array(1_000_000).fill(7))
    let settled = false
    void writing.then(() => {
      settled = true
    })
    let read = 0
    while (read < 1_000_000) {
      const chunk = await pair.far.read()
      read += chunk?.byteLength ?? 0
      const crossed = pair.crossed.reduce((sum, { frame }) => (typeof frame === 'number' ? sum + frame : sum), 0)
      expect(crossed - read).toBeLessThanOrEqual(100_000)
      if (read < 800_000) expect(settled).toBe(false)
    }
    await writing
    expect(credits(pair, 'server')).toBeGreaterThanOrEqual(900_000)
  })

  test('a write larger than a frame is split, and those of one turn leave as one frame [link.split]', async () => {
    const pair = await opened()
    const frames = (): number[] => pair.crossed.flatMap(({ frame }) => (typeof frame === 'number' ? [frame] : []))
    await pair.near.write(new Uint8Array(MAX_FRAME_BYTES * 2 + 5))
    expect(frames()).toEqual([MAX_FRAME_BYTES, MAX_FRAME_BYTES, 5])
    await Promise.all([1, 2, 3].map((size) => pair.near.write(new Uint8Array(size))))
    expect(frames().slice(3)).toEqual([6])
  })

  test.each([
    ['more bytes than credit was given for', [new Uint8Array(1000), new Uint8Array(1000)], 1024],
    ['a frame beyond the largest', [new Uint8Array(MAX_FRAME_BYTES + 1)], 1_000_000],
    ['an empty frame', [new Uint8Array(0)], 1024],
    ['bytes after eof', ['{"type":"eof"}', new Uint8Array(1)], 1024],
    ['a second eof', ['{"type":"eof"}', '{"type":"eof"}'], 1024],
    ['a second open', ['{"type":"open","window":1000}'], 1024],
    ['credit that is no count', ['{"type":"credit","bytes":-5}'], 1024],
    ['credit without end', Array(100).fill('{"type":"credit","bytes":9007199254740991}'), 1024],
    ['more credit frames than frames that were received', Array(65).fill('{"type":"credit","bytes":1}'), 1024],
    // Each frame has a minimum cost, because a window of one-byte frames would be a million objects.
    ['tiny frames beyond what they cost', Array(17).fill(new Uint8Array(1)), 1024],
  ] as const)('%s closes the link with 4400 [link.invalid]', async (_name, frames, windowBytes) => {
    const pair = await opened({ windowBytes })
    for (const frame of frames) pair.inject('server', frame)
    expect(pair.closedWith).toMatchObject({ by: 'server', code: 4400 })
    expect(await pair.far.closed).toMatchObject({ kind: 'error', error: { code: 'protocol' } })
    const reason = await pair.near.closed
    expect(reason).toMatchObject({ kind: 'error', error: { code: 'protocol' } })
  })

  test('any sizes of writes through any window arrive whole and in order [link.credit]', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 60 }),
        fc.integer({ min: 128, max: 3000 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        async (sizes, windowBytes, awaited) => {
          const { near, far } = await opened({ windowBytes })
          const writing = (async () => {
            let at = 0
            for (const [index, size] of sizes.entries()) {
              const written = near.write(Uint8Array.from({ length: size }, (_, offset) => (at + offset) & 0xff))
              at += size
              if (awaited[index]) await written
            }
            await near.end()
            return at
          })()
          let heard = 0
          for (let chunk = await far.read(); chunk !== null; chunk = await far.read()) {
            for (const byte of chunk) {
              if (byte !== (heard & 0xff)) throw new Error(`byte ${heard} is ${byte}`)
              heard += 1
            }
          }
          expect(heard).toBe(await writing)
          await far.end()
          expect(await near.closed).toEqual({ kind: 'eof' })
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('ends', () => {
  test('the close reason of one side reaches the other side [link.close-reason]', async () => {
    const exit = { kind: 'exit', exitCode: 3, signal: null, stderrTail: 'it broke' } as const
    const { near, server } = await opened()
    const reading = near.read()
    await (await server.link).closeAs(exit)
    expect(await reading).toBeNull()
    expect(await near.closed).toEqual(exit)
  })

  test('an error of the other side comes after its bytes [link.close-reason]', async () => {
    const { near, far, server } = await opened()
    await far.write(new Uint8Array(10))
    await (await server.link).closeAs({
      kind: 'error',
      error: new SignalboxError({ code: 'slow_consumer', message: 'Resume from your cursor.' }),
    })
    await near.closed
    expect((await near.read())?.byteLength).toBe(10)
    await checkRejects(near.read(), 'slow_consumer')
  })

  test('bytes that were written before close are still sent', async () => {
    const { near, far } = await opened()
    void near.write(new Uint8Array(10))
    void near.close()
    expect((await far.read())?.byteLength).toBe(10)
    expect(await far.read()).toBeNull()
  })

  test('a socket that disappears without a close frame is a fault, after the bytes [link.lost]', async () => {
    const pair = await opened()
    await pair.far.write(new Uint8Array(10))
    await expect.poll(() => pair.crossed.some(({ frame }) => frame === 10)).toBe(true)
    await Promise.resolve()
      .then(() => {})
      .then(() => {})
    pair.die()
    expect(await pair.near.closed).toMatchObject({ kind: 'peer', code: 1006 })
    expect((await pair.near.read())?.byteLength).toBe(10)
    await checkRejects(pair.near.read(), 'closed')
  })

  test('a partly sent write fails with sent: maybe, a write that was still waiting with sent: no [link.sent]', async () => {
    const pair = await opened({ windowBytes: 1000 })
    const [cut, waited] = [pair.near.write(new Uint8Array(2000)), pair.near.write(new Uint8Array(10))]
    cut.catch(() => {})
    waited.catch(() => {})
    await expect.poll(() => pair.crossed.some(({ frame }) => frame === 1000)).toBe(true)
    pair.die()
    expect((await checkRejects(cut, 'closed')).sent).toBe('maybe')
    expect((await checkRejects(waited, 'closed')).sent).toBe('no')
  })
})

test('an error about a frame never quotes the frame', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseControl(text)
      expect(typeof parsed).toBe('string')
      if (text.length > 5) expect(parsed).not.toContain(text)
    }),
  )
  expect(socketCodeOf('circuit_open')).toBe(4500)
})

test('a write to a link whose child has ended fails with the way the child ended [link.close-reason]', async () => {
  const pair = await opened()
  await (await pair.server.link).closeAs({ kind: 'exit', exitCode: 3, signal: null, stderrTail: 'it broke' })
  await pair.near.closed
  const error = await checkRejects(pair.near.write(new Uint8Array(1)), 'exited')
  expect(error).toMatchObject({ exitCode: 3, stderrTail: 'it broke', sent: 'no' })
})

test('a close reason of any length arrives, and is not a protocol error [link.close-reason]', async () => {
  const message = `it went wrong: ${'\u0001'.repeat(300_000)}`
  const failing = await opened()
  const error = new SignalboxError({ code: 'unavailable', message })
  const said = await failing.server.link
  void said.closeAs({ kind: 'error', error })
  const heard = await checkRejects(failing.near.read(), 'unavailable')
  expect(heard.message).toContain('it went wrong')

  const refused = framePair({
    authorize() {
      throw error
    },
  })
  await checkRejects(refused.client.link, 'unavailable')

  const left = await opened()
  await left.near.close({ reason: message })
  expect(await left.far.closed).toMatchObject({ kind: 'peer' })

  const exited = await opened()
  const child = await exited.server.link
  void child.closeAs({ kind: 'exit', exitCode: 3, signal: null, stderrTail: message })
  expect(await exited.near.closed).toMatchObject({ kind: 'exit', exitCode: 3 })
})
