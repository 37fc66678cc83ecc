/**
 * What a runtime's own sockets and children cost against ours over `node:net` and `node:child_process`, in that runtime. The native side is
 * the least that works: no inbox, no laws, no errors told apart. Where even that hardly wins, a native link cannot.
 */
import { ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { unixSocket } from '../../transports/node/link/socket.js'
import { unixSocket as bunUnixSocket } from '../../transports/bun/socket.js'
import { unixSocket as denoUnixSocket } from '../../transports/deno/socket.js'
import { subprocess } from '../../transports/node/link/subprocess.js'
import type { Link } from '../../src/transport.js'

/** The least that a call needs of a connection. */
interface Wire {
  write(bytes: Uint8Array): void | Promise<unknown>
  read(): Promise<Uint8Array | null>
  close(): void | Promise<unknown>
}

interface BunSocket {
  write(bytes: Uint8Array): number
  terminate(): void
}
interface BunGlobal {
  connect(options: object): Promise<BunSocket>
  spawn(options: object): {
    readonly stdin: { write(bytes: Uint8Array): number; flush(): number; end(): void }
    readonly stdout: ReadableStream<Uint8Array>
    readonly exited: Promise<number>
  }
}
interface DenoConnection {
  read(into: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  close(): void
}
interface DenoGlobal {
  connect(options: object): Promise<DenoConnection>
  Command: new (
    file: string,
    options: object,
  ) => {
    spawn(): {
      readonly stdin: WritableStream<Uint8Array>
      readonly stdout: ReadableStream<Uint8Array>
      readonly status: Promise<unknown>
    }
  }
}
const { Bun: bun, Deno: deno } = globalThis as { Bun?: BunGlobal; Deno?: DenoGlobal }

async function bunWire(runtime: BunGlobal, path: string): Promise<Wire> {
  const kept: Uint8Array[] = []
  let ended = false
  let waiting: ((chunk: Uint8Array | null) => void) | undefined
  const give = (chunk: Uint8Array | null): void => {
    const tell = waiting
    waiting = undefined
    if (tell) tell(chunk)
    else if (chunk) kept.push(chunk)
    else ended = true
  }
  const socket = await runtime.connect({
    unix: path,
    allowHalfOpen: true,
    socket: {
      data: (_socket: unknown, chunk: Uint8Array) => give(chunk),
      end: () => give(null),
      close() {},
      error() {},
      drain() {},
    },
  })
  return {
    write: (bytes) => void socket.write(bytes),
    read: () => {
      const chunk = kept.shift()
      if (chunk) return Promise.resolve(chunk)
      return ended ? Promise.resolve(null) : new Promise((resolve) => (waiting = resolve))
    },
    close: () => socket.terminate(),
  }
}

async function denoWire(runtime: DenoGlobal, path: string): Promise<Wire> {
  const connection = await runtime.connect({ transport: 'unix', path })
  const buffer = new Uint8Array(64 * 1024)
  return {
    write: (bytes) => connection.write(bytes),
    async read() {
      const count = await connection.read(buffer)
      return count === null ? null : buffer.slice(0, count)
    },
    close: () => connection.close(),
  }
}

const ownSocket = bun ? bunUnixSocket : denoUnixSocket
const nativeWire = (path: string): Promise<Wire> => (bun ? bunWire(bun, path) : denoWire(deno as DenoGlobal, path))

interface Child extends Wire {
  end(): Promise<unknown>
}

function nativeChild(): Child {
  const command = ['cat']
  if (bun) {
    const child = bun.spawn({ cmd: command, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
    const reader = child.stdout.getReader()
    return {
      write(bytes) {
        child.stdin.write(bytes)
        child.stdin.flush()
      },
      read: async () => (await reader.read()).value ?? null,
      close() {},
      async end() {
        child.stdin.end()
        return child.exited
      },
    }
  }
  const { Command } = deno as DenoGlobal
  const child = new Command('cat', { stdin: 'piped', stdout: 'piped', stderr: 'piped' }).spawn()
  const reader = child.stdout.getReader()
  const writer = child.stdin.getWriter()
  return {
    write: (bytes) => writer.write(bytes),
    read: async () => (await reader.read()).value ?? null,
    close() {},
    async end() {
      await writer.close()
      return child.status
    },
  }
}

const line = new TextEncoder().encode(`${JSON.stringify({ id: 1, op: 'status', note: 'x'.repeat(100) })}\n`)

interface Sample {
  readonly ms: number
  readonly count: number
}

async function timed(count: number, warmUp: number, once: (id: number) => Promise<unknown>): Promise<Sample> {
  for (let id = 0; id < warmUp; id += 1) await once(id)
  const began = performance.now()
  for (let id = 0; id < count; id += 1) await once(id)
  return { ms: performance.now() - began, count }
}

async function answered(wire: Pick<Wire, 'read'>): Promise<void> {
  const decoder = ndjsonDecoder()
  for (let chunk = await wire.read(); chunk !== null; chunk = await wire.read()) if (decoder.push(chunk).length > 0) return
}

async function drained(wire: Pick<Wire, 'read'>): Promise<number> {
  let bytes = 0
  for (let chunk = await wire.read(); chunk !== null; chunk = await wire.read()) bytes += chunk.byteLength
  return bytes
}

async function streamed(open: () => Promise<Wire | Link>): Promise<Sample> {
  const wire = await open()
  const began = performance.now()
  const count = await drained(wire)
  const ms = performance.now() - began
  await wire.close()
  return { ms, count }
}

async function roundTrips(opening: Promise<Wire | Link>, count: number): Promise<Sample> {
  const wire = await opening
  const sample = await timed(count, 2000, async () => {
    void wire.write(line)
    await answered(wire)
  })
  await wire.close()
  return sample
}

const connections = (open: () => Promise<Wire | Link>, count: number): Promise<Sample> =>
  timed(count, 1000, async () => {
    const wire = await open()
    void wire.write(line)
    await answered(wire)
    await wire.close()
  })

const SPAWNS = 150
const samples: Readonly<Record<string, (path: string, count: number) => Promise<Sample>>> = {
  linkRoundTrips: (path, count) => roundTrips(unixSocket({ path }).open(), count),
  nativeRoundTrips: (path, count) => roundTrips(nativeWire(path), count),
  linkConnections(path, count) {
    const transport = unixSocket({ path })
    return connections(() => transport.open(), count)
  },
  nativeConnections: (path, count) => connections(() => nativeWire(path), count),
  ownRoundTrips: (path, count) => roundTrips(ownSocket({ path }).open(), count),
  ownConnections(path, count) {
    const transport = ownSocket({ path })
    return connections(() => transport.open(), count)
  },
  ownStream: (path) => streamed(() => ownSocket({ path }).open()),
  linkStream: (path) => streamed(() => unixSocket({ path }).open()),
  nativeStream: (path) => streamed(() => nativeWire(path)),
  async linkChild(_path, count) {
    const link = await subprocess({ command: { file: 'cat' }, watchdog: false }).open()
    const sample = await timed(count, 1000, async () => {
      void link.write(line)
      await answered(link)
    })
    await link.close()
    return sample
  },
  async nativeChild(_path, count) {
    const child = nativeChild()
    const sample = await timed(count, 1000, async () => {
      void child.write(line)
      await answered(child)
    })
    await child.end()
    return sample
  },
  linkSpawns() {
    const transport = subprocess({ command: { file: 'cat' }, watchdog: false })
    return timed(SPAWNS, 10, async () => {
      const link = await transport.open()
      void link.write(line)
      await answered(link)
      await link.end()
      await link.closed
    })
  },
  nativeSpawns: () =>
    timed(SPAWNS, 10, async () => {
      const child = nativeChild()
      void child.write(line)
      await answered(child)
      await child.end()
    }),
}

const [name = '', path = '', count = '0'] = process.argv.slice(2)
const sample = samples[name]
if (!sample) throw new Error(`There is no sample ${name}.`)
console.log(JSON.stringify(await sample(path, Number(count))))
process.exit(0)
