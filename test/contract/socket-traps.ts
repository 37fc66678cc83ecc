/** Socket failures that a client must handle: peers that close too early, reset, refuse, or do not exist. */
import { once } from 'node:events'
import { linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, checkEqual, checkRejects, type Case } from '../../src/testing/index.js'
import type { Link } from '../../src/index.js'
import type { Entry } from './contexts.js'
import { descriptors } from './held.js'

export interface SocketContext {
  readonly entry: Entry
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const ANSWER_BYTES = { unix: 400_000, tcp: 100_000 }

export const socketCases: readonly Case<SocketContext>[] = [
  ...(['unix', 'tcp'] as const).flatMap((kind): Case<SocketContext>[] => [
    {
      id: 'law.2.early-answer',
      title: `${kind}: an answer survives a write that fails behind it, also where it is larger than what a link keeps`,
      run: ({ entry }) =>
        withServer(
          entry,
          kind,
          (socket) => {
            // When the other side writes to a closed port, the TCP stack drops undelivered bytes. So the socket is closed only after all
            // bytes were sent.
            socket.write(new Uint8Array(ANSWER_BYTES[kind]).fill(7), () => setTimeout(() => socket.destroy(), 100))
          },
          async (link) => {
            await pause(200)
            await untilAWriteFails(link)
            checkEqual((await countTo(link)).bytes, ANSWER_BYTES[kind])
            const reason = await link.closed
            check(reason.kind === 'peer', `the reason is ${reason.kind}`)
          },
        ),
    },
    {
      id: 'law.5.many-waiting',
      title: `${kind}: every write that waits when the peer dies rejects, the later ones as not sent`,
      run: ({ entry }) =>
        withServer(
          entry,
          kind,
          (socket) => {
            socket.pause()
            setTimeout(() => socket.destroy(), 100)
          },
          async (link) => {
            const writes = Array.from({ length: 400 }, () => link.write(new Uint8Array(64 * 1024)))
            const settled = await Promise.allSettled(writes)
            const errors = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as { sent: string }] : []))
            check(errors.length > 0, 'none rejected')
            check(
              errors.slice(1).some(({ sent }) => sent === 'no'),
              'none is known not to be sent',
            )
            check(
              errors.every(({ sent }) => sent !== 'yes'),
              'one is called sent',
            )
          },
        ),
    },
  ]),

  {
    id: 'law.2.reset',
    title: 'a TCP reset gives the reader a fault with its name',
    run: ({ entry }) =>
      withServer(
        entry,
        'tcp',
        (socket) => {
          socket.once('data', () => socket.resetAndDestroy())
        },
        async (link) => {
          await link.write(new Uint8Array(10))
          const { end } = await countTo(link)
          await link.end()
          const reason = await link.closed
          // Bun reports a reset as an end; only silence would be a failure.
          check(
            end === 'null' || (reason.kind === 'peer' && reason.detail === 'ECONNRESET'),
            `the reason is ${JSON.stringify(reason)}`,
          )
        },
      ),
  },

  {
    id: 'law.2.reset-after-bytes',
    title: 'bytes before a reset are read before the fault, even by a late reader',
    run: ({ entry }) =>
      withServer(
        entry,
        'tcp',
        (socket) => {
          socket.once('data', () => {
            socket.write(new Uint8Array(50_000))
            // After the bytes have arrived, so that the reset cannot overtake them.
            setTimeout(() => socket.resetAndDestroy(), 100)
          })
        },
        async (link) => {
          await link.write(new Uint8Array(10))
          await link.closed
          checkEqual((await countTo(link)).bytes, 50_000)
        },
      ),
  },

  {
    id: 'transport.open-faults',
    title: 'the reasons of a failed open give different errors, with sent: no',
    run: ({ entry }) =>
      inFolder(async (folder) => {
        const missing = await checkRejects(entry.unixSocket({ path: join(folder, 'none.sock') }).open(), 'unreachable')
        check(missing.message.includes('no socket'), missing.message)
        const stale = join(folder, 'file')
        writeFileSync(stale, '')
        const refused = await checkRejects(entry.unixSocket({ path: stale }).open())
        check(refused.code === 'unreachable', `${refused.code}: ${refused.message}`)
        check(refused.message !== missing.message.replace('none.sock', 'file'), 'both remedies are the same')
        const closedPort = await freePort()
        const nobody = await checkRejects(entry.tcpSocket({ port: closedPort }).open(), 'unreachable')
        for (const error of [missing, refused, nobody]) checkEqual([error.sent, error.op], ['no', 'open'])
        checkEqual(nobody.remoteCode, 'ECONNREFUSED')
      }),
  },

  {
    id: 'transport.listen-takes-over',
    title: 'a listener takes over the file of a dead server, never that of a running one, and removes its own file',
    run: ({ entry }) =>
      inFolder(async (folder) => {
        const path = join(folder, 'server.sock')
        const first = await entry.listenUnix({ path })
        checkEqual(statSync(path).mode & 0o777, 0o600)
        await checkRejects(entry.listenUnix({ path }), 'conflict')
        await first[Symbol.asyncDispose]()
        check(statSync(path, { throwIfNoEntry: false }) === undefined, 'the file is left')
        await leaveStale(path)
        const second = await entry.listenUnix({ path })
        const link = await entry.unixSocket({ path }).open()
        await link.close()
        await second[Symbol.asyncDispose]()
        writeFileSync(path, 'precious')
        await checkRejects(entry.listenUnix({ path }), 'conflict')
        check(statSync(path).isFile(), 'a file of somebody else was removed')
      }),
  },

  {
    id: 'transport.listener-bound',
    title: 'connections that wait to be accepted are bounded, and closed with the listener',
    run: ({ entry }) =>
      inFolder(async (folder) => {
        const path = join(folder, 'server.sock')
        const listener = await entry.listenUnix({ path, maxWaiting: 2 })
        const links = await Promise.all(Array.from({ length: 5 }, () => entry.unixSocket({ path }).open()))
        let ended = 0
        const ends = links.map((link) =>
          link
            .read()
            .catch(() => null)
            .finally(() => {
              ended += 1
            }),
        )
        for (let attempt = 0; attempt < 400 && ended < 3; attempt += 1) await pause(25)
        checkEqual(ended, 3)
        await listener[Symbol.asyncDispose]()
        checkEqual(await Promise.all(ends), [null, null, null, null, null])
        await Promise.all(links.map((link) => link.close()))
      }),
  },

  {
    id: 'law.7.two-hundred',
    title: 'two hundred links leave no descriptor',
    run: ({ entry }) =>
      inFolder(async (folder) => {
        const path = join(folder, 'server.sock')
        const listener = await entry.listenUnix({ path })
        void (async () => {
          for await (const link of listener.accept()) void link.read().then(() => link.close())
        })()
        const before = descriptors()
        const transport = entry.unixSocket({ path })
        for (let index = 0; index < 200; index += 1) {
          const link = await transport.open()
          await link.write(new Uint8Array(1))
          await link.read()
          await link.close()
        }
        let after = descriptors()
        for (let attempt = 0; attempt < 100 && after > before + 4; attempt += 1) {
          await pause(25)
          after = descriptors()
        }
        check(after <= before + 4, `${before} descriptors before, ${after} after`)
        await listener[Symbol.asyncDispose]()
      }),
  },
]

async function withServer(
  entry: Entry,
  kind: 'unix' | 'tcp',
  serve: (socket: Socket) => void,
  run: (link: Link) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, 'server.sock')
    const sockets: Socket[] = []
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      serve(socket)
    })
    if (kind === 'unix') server.listen(path)
    else server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = (kind === 'tcp' ? server.address() : { port: 0 }) as { port: number }
    const link = await (kind === 'unix' ? entry.unixSocket({ path }) : entry.tcpSocket({ port })).open()
    try {
      await run(link)
    } finally {
      await link.close()
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-traps-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function untilAWriteFails(link: Link): Promise<void> {
  for (let failed = false; !failed; await pause(5)) {
    await link.write(new Uint8Array(100)).catch(() => {
      failed = true
    })
  }
}

async function countTo(link: Link): Promise<{ bytes: number; end: 'null' | 'fault' }> {
  let bytes = 0
  for (;;) {
    try {
      const chunk = await link.read()
      if (chunk === null) return { bytes, end: 'null' }
      bytes += chunk.byteLength
    } catch {
      return { bytes, end: 'fault' }
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Makes the socket file of a killed server: a second link to the file of a server that then closes. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer().listen(`${path}.first`)
  await once(server, 'listening')
  linkSync(`${path}.first`, path)
  server.close()
  await once(server, 'close')
}
