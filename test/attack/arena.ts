/** Starts the gateway of server.ts on one runtime, attacks it, and measures the wait of a valid client during the attack. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const modules = join(root, 'test/runtimes/node_modules')
const firstOf = (...paths: string[]): string | undefined => paths.find((path) => existsSync(path))

/** The runtimes that are installed here; npm ci --prefix test/runtimes brings the others. */
export const RUNTIMES: readonly { readonly name: string; readonly command: readonly string[] | undefined }[] = [
  { name: 'node', command: [process.execPath, '--expose-gc'] },
  { name: 'bun', command: commandOf(firstOf(join(modules, '@oven/bun-linux-x64/bin/bun'), join(modules, '.bin/bun')), 'run') },
  {
    name: 'deno',
    command: commandOf(
      firstOf(join(modules, '@deno/linux-x64-glibc/deno'), join(modules, '.bin/deno')),
      'run',
      '--allow-all',
      '--v8-flags=--expose-gc',
    ),
  },
]

function commandOf(file: string | undefined, ...args: string[]): readonly string[] | undefined {
  return file === undefined ? undefined : [file, ...args]
}

export interface Figures {
  readonly flood: string
  /**
   * How long the gateway made the owner wait for an answer, at most: the time from connect to close, without the time in which the gateway or
   * the owner's client could run and had no processor. A busy machine does not count; a gateway that works for others, queues or sleeps does.
   */
  readonly ownerWaitMs: number
  /** The same with the time without a processor. Not judged. */
  readonly ownerWallMs: number
  readonly ownerMedianMs: number
  readonly ownerCalls: number
  readonly unserved: number
  /** What the server keeps after it, in MiB. */
  readonly growthMiB: number
  /** Processor time of the server, the owner's calls included. */
  readonly cpuMs: number
  /** The longest time in which the event loop of the server was in one turn, without the time without a processor. Not judged. */
  readonly longestTurnMs: number
}

interface OwnerCall {
  readonly ms: number
  readonly starvedMs: number
  readonly served: boolean
}

interface Told {
  readonly port: number
  readonly owner: string
  readonly observer: string
  readonly kept: number
  readonly reached: number
  readonly cpuMs: number
  /** Since the last question. */
  readonly longestTurnMs: number
}

export interface Target extends AsyncDisposable {
  readonly port: number
  readonly owner: string
  readonly observer: string
  /** Runs a flood, and an honest client beside it. */
  measure(flood: string, attack: () => Promise<void>): Promise<Figures>
  /** Requests that reached the upstream and were no `ping`. */
  reached(): Promise<number>
}

export async function startTarget(command: readonly string[]): Promise<Target> {
  const folder = join(root, '.cache', 'attack')
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, 'server.mjs')
  await build({
    entryPoints: [join(root, 'test/attack/server.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    logLevel: 'silent',
  })
  const [file = '', ...args] = command
  const child = spawn(file, [...args, outfile], { stdio: ['pipe', 'pipe', 'inherit'], cwd: root })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<Told> => JSON.parse(String((await lines.next()).value)) as Told
  const ask = (word: string): Promise<Told> => {
    child.stdin.write(`${word}\n`)
    return next()
  }
  const { port, owner, observer } = await next()
  const settled = async (): Promise<number> => {
    // Sockets that are destroyed here close on the server a little later.
    for (let best = Infinity, tries = 0; ; tries += 1) {
      const { kept } = await ask('memory')
      if (tries > 4 && kept > best - 1024 * 1024) return Math.min(best, kept)
      best = Math.min(best, kept)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  // Warm-up: the first runs compile code, which stays in memory.
  for (let count = 0; count < 50; count += 1)
    await exchange(
      port,
      `GET /v1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${owner}\r\nConnection: close\r\n\r\n`,
    )
  return {
    port,
    owner,
    observer,
    async measure(flood, attack) {
      const before = await settled()
      const cpuBefore = (await ask('memory')).cpuMs
      const honest = spawn(process.execPath, [join(root, 'test/attack/honest.mjs'), String(port), owner, String(child.pid)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const told = createInterface({ input: honest.stdout })[Symbol.asyncIterator]()
      await told.next()
      await attack()
      // To end the links of a flood is work for the gateway too, and the owner must not wait for it.
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      honest.stdin.write('end\n')
      const calls = JSON.parse(String((await told.next()).value)) as OwnerCall[]
      const after = await ask('memory')
      const cpuMs = Math.round(after.cpuMs - cpuBefore)
      const growthMiB = ((await settled()) - before) / (1024 * 1024)
      return {
        flood,
        ownerWaitMs: Math.round(Math.max(...calls.map(({ ms, starvedMs }) => Math.max(0, ms - starvedMs)))),
        ownerWallMs: Math.round(Math.max(...calls.map(({ ms }) => ms))),
        ownerMedianMs: Math.round(calls.map(({ ms }) => ms).sort((one, other) => one - other)[calls.length >> 1] ?? 0),
        ownerCalls: calls.length,
        unserved: calls.filter(({ served }) => !served).length,
        cpuMs,
        longestTurnMs: Math.round(after.longestTurnMs),
        growthMiB: Math.round(growthMiB * 10) / 10,
      }
    },
    reached: async () => (await ask('memory')).reached,
    [Symbol.asyncDispose]: () => ended(child),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.stdin?.end()
  const timer = setTimeout(() => child.kill('SIGKILL'), 8_000)
  await gone
  clearTimeout(timer)
}

/** Writes and reads to the end of the connection. */
export function exchange(port: number, text: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      got += chunk
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve(got))
    socket.write(text)
  })
}

/** Many sockets at once, each written to; all are cut at the end. */
export async function flood(
  port: number,
  count: number,
  use: (socket: Socket, index: number) => void | Promise<void>,
): Promise<void> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await Promise.all(
    sockets.map(async (socket, index) => {
      await new Promise<void>((resolve) => socket.once('connect', () => resolve()).once('close', () => resolve()))
      if (!socket.destroyed) await use(socket, index)
    }),
  )
  for (const socket of sockets) socket.destroy()
}

/** Writes as long as the other side takes it. */
export async function pour(socket: Socket, bytes: Uint8Array, total: number): Promise<void> {
  for (let sent = 0; sent < total && socket.writable && !socket.destroyed; sent += bytes.byteLength) {
    if (socket.write(bytes)) continue
    const taken = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 1_000)
      const done = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      socket.once('drain', done).once('close', done)
    })
    if (!taken) return
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
