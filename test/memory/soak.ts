/**
 * A program that opens, calls, streams and aborts many times over, with both ends in one process, and says what is left: the heap after a
 * forced collection, before and after; sockets, timers, listeners and children.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCaller } from '../../src/core/call.js'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { createReader } from '../../src/core/messages.js'
import { retry } from '../../src/core/policy/retry.js'
import { createDeadline, raceSignal, whileOpening } from '../../src/core/deadline.js'
import { createStream, type SignalStream } from '../../src/core/stream.js'
import { SignalboxError } from '../../src/errors.js'
import type { Link, StreamTransport } from '../../src/transport.js'
import { listenUnix, subprocess, unixSocket } from '../../transports/node/index.js'
import { note, secondRoundLeaves } from './rounds.js'

interface Request {
  readonly id: number
  readonly op: 'answer' | 'stream' | 'silence'
}

async function serve(link: Link): Promise<void> {
  const reader = createReader<Request>(link, ndjsonDecoder<Request>())
  try {
    for (let request = await reader.next(); request !== null; request = await reader.next()) {
      if (request.op === 'answer') void link.write(encodeNdjson({ id: request.id, text: 'x'.repeat(2000) }))
      if (request.op === 'stream') for (let at = 0; ; at += 1) await link.write(encodeNdjson({ at, text: 'y'.repeat(2000) }))
    }
  } catch {
    // The client has left during the answer, which is part of this test.
  }
  await link.close()
}

function client(transport: StreamTransport) {
  const caller = createCaller({
    system: 'soak',
    transport: transport.name,
    interceptors: [retry({ maxAttempts: 2 })],
    timeoutMs: 20_000,
  })
  return {
    call: (id: number, op: Request['op'], options: { signal?: AbortSignal; timeoutMs?: number } = {}) =>
      caller.run({ op, args: { id } }, options, async ({ signal }) => {
        const link = await transport.open(undefined, { signal })
        const stop = (): void => void link.close()
        signal.addEventListener('abort', stop, { once: true })
        try {
          void link.write(encodeNdjson({ id, op }))
          const answer = await createReader(link, ndjsonDecoder()).next()
          if (answer === null)
            throw new SignalboxError({ code: 'closed', message: 'The link ended before the answer.', sent: 'maybe' })
          return answer
        } finally {
          signal.removeEventListener('abort', stop)
          await link.close()
        }
      }),
    stream: (id: number, options: { signal?: AbortSignal } = {}): Promise<SignalStream<unknown>> =>
      caller.run({ op: 'stream', kind: 'stream' }, options, async ({ signal }) => {
        const life = createDeadline({ signal: options.signal })
        const link = await whileOpening(life, signal, (opening) => transport.open(undefined, { signal: opening }))
        await link.write(encodeNdjson({ id, op: 'stream' }))
        const reader = createReader(link, ndjsonDecoder())
        return createStream({
          pull: () => raceSignal(reader.batch(), life.signal),
          async close() {
            life[Symbol.dispose]()
            await link.close()
          },
        })
      }),
  }
}

async function links(transport: StreamTransport, count: number): Promise<void> {
  for (let done = 0; done < count; done += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const link = await transport.open()
        void link.write(encodeNdjson({ id: 1, op: 'answer' }))
        if ((await link.read()) !== null) note('link')
        await link.close()
      }),
    )
  }
}

/** Of ten calls six are answered, two are aborted, one runs into its deadline, and one is aborted before it begins. */
async function calls({ call }: ReturnType<typeof client>, count: number): Promise<void> {
  const one = (id: number): Promise<unknown> => {
    const kind = id % 10
    if (kind < 6) return call(id, 'answer')
    if (kind === 6) return call(id, 'silence', { timeoutMs: 30 })
    const controller = new AbortController()
    if (kind === 7) controller.abort()
    else setTimeout(() => controller.abort(), 10)
    return call(id, 'silence', { signal: controller.signal })
  }
  for (let id = 0; id < count; id += 20) {
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        one(id + at).then(
          () => note('answered'),
          (error: { code: string }) => note(error.code),
        ),
      ),
    )
  }
}

/** Half are left by `break`, half by an abort in the middle, all while the peer sends as fast as it can. One signal outlives them all. */
async function streams({ stream }: ReturnType<typeof client>, count: number, outer: AbortSignal): Promise<void> {
  for (let id = 0; id < count; id += 1) {
    const controller = new AbortController()
    let seen = 0
    try {
      for await (const _ of await stream(id, { signal: id % 2 === 0 ? outer : controller.signal })) {
        seen += 1
        if (seen === 20 && id % 2 === 0) break
        if (seen === 20) controller.abort()
      }
      note('left')
    } catch {
      note('stopped')
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'signalbox-soak-'))
const path = join(folder, 'server.sock')
const listener = await listenUnix({ path })
void (async () => {
  for await (const link of listener.accept()) void serve(link)
})()
const transport = unixSocket({ path })
const ours = client(transport)
const outer = new AbortController()
const cat = subprocess({ command: { file: 'cat' } })

async function round(): Promise<void> {
  await links(transport, 2000)
  await calls(ours, 500)
  await streams(ours, 100, outer.signal)
  for (let count = 0; count < 20; count += 1) {
    await using link = await cat.open()
    await link.write(new Uint8Array([10]))
    if ((await link.read()) !== null) note('child')
    await link.end()
    await link.closed
  }
}

const left = await secondRoundLeaves(round)
await listener[Symbol.asyncDispose]()
rmSync(folder, { recursive: true, force: true })
process.stdout.write(JSON.stringify(left))
// There is no process.exit here: a process with a leaked handle must stay, so that its parent reports it.
