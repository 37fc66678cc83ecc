/** Real daemons from the package registry, each in a virtual environment of its own, each run with a throwaway home. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { CcccDialect } from '../../../src/cccc/index.js'
import { createCcccCore } from '../../../src/cccc/index.js'
import { ccccDaemon, listenTcp } from '../../../transports/node/index.js'

const run = promisify(execFile)

export interface Release {
  readonly name: string
  /** The package version to install from the registry. */
  readonly wanted: string
  readonly dialect: CcccDialect
  readonly implementation: 'python' | 'rust'
  readonly streams: boolean
  /** A request for a reply without recipients goes to the foreman. */
  readonly asksForeman?: boolean
}

export const RELEASES: readonly Release[] = [
  { name: '0.4.2', wanted: 'cccc-pair==0.4.2', dialect: 'A', implementation: 'python', streams: true },
  { name: '0.4.3', wanted: 'cccc-pair==0.4.3', dialect: 'B', implementation: 'python', streams: true },
  { name: '0.4.35', wanted: 'cccc-pair==0.4.35', dialect: 'C', implementation: 'python', streams: true },
  { name: '0.4.35', wanted: 'cccc-pair==0.4.35', dialect: 'C', implementation: 'rust', streams: false },
  { name: 'newest', wanted: 'cccc-pair', dialect: 'C', implementation: 'rust', streams: true, asksForeman: true },
]

const folder = process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers'

/** Installs once; a second run finds what the first one left. */
export async function install({ name, wanted }: Release): Promise<string> {
  const environment = join(folder, `cccc-${name}`)
  const cccc = join(environment, 'bin', 'cccc')
  if (!existsSync(cccc)) {
    await mkdir(folder, { recursive: true })
    await run('python3', ['-m', 'venv', environment])
    await run(join(environment, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', wanted])
  }
  return environment
}

/** The command that runs a daemon in the foreground: two programs, and one of them inside the other's package. */
async function command(environment: string, { implementation }: Release): Promise<[file: string, args: string[]]> {
  const ccccd = join(environment, 'bin', 'ccccd')
  if (implementation === 'python') return [ccccd, ['run']]
  if (!existsSync(ccccd)) return [join(environment, 'bin', 'cccc'), ['daemon', 'run']]
  const libraries = join(environment, 'lib')
  const [python = ''] = await readdir(libraries)
  return [join(libraries, python, 'site-packages', 'cccc', '_native', 'cccc-rust'), ['daemon', 'run']]
}

export interface RunningDaemon extends AsyncDisposable {
  readonly home: string
  readonly projectPath: string
  readonly release: Release
  /** Kills the daemon without notice, like a crash: its files stay. */
  kill(): Promise<void>
  start(env?: Readonly<Record<string, string>>): Promise<void>
}

/** `at`: another daemon whose home it takes over. */
export async function startDaemon(
  release: Release,
  env: Readonly<Record<string, string>> = {},
  at?: RunningDaemon,
): Promise<RunningDaemon> {
  const environment = await install(release)
  const [file, args] = await command(environment, release)
  // A short path: a socket's is limited.
  const base = await mkdtemp(join(tmpdir(), 'sbp-'))
  const home = at?.home ?? join(base, 'h')
  const projectPath = at?.projectPath ?? join(base, 'project')
  if (!at) await mkdir(projectPath)
  let child: ChildProcess | undefined

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const exited = new Promise<void>((resolve) => running.once('exit', () => resolve()))
    running.kill(signal)
    const late = setTimeout(() => running.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(late)
  }
  const daemon: RunningDaemon = {
    home,
    projectPath,
    release,
    kill: () => stop('SIGKILL'),
    async start(more = {}) {
      child = spawn(file, args, { env: { ...process.env, ...env, ...more, CCCC_HOME: home }, stdio: 'ignore' })
      await ready(home, child)
    },
    async [Symbol.asyncDispose]() {
      await stop('SIGTERM')
      await rm(base, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await daemon.start()
  return daemon
}

/** The web server of a daemon's package, on a port that was free a moment ago. */
export async function startWebPort({ home, release }: RunningDaemon): Promise<AsyncDisposable & { readonly url: string }> {
  const listener = await listenTcp()
  const { port } = listener
  await listener[Symbol.asyncDispose]()
  const environment = await install(release)
  const args = ['web', '--host', '127.0.0.1', '--port', String(port)]
  const child = spawn(join(environment, 'bin', 'cccc'), args, { env: { ...process.env, CCCC_HOME: home }, stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 300; tries += 1) {
    if (
      // A newer daemon asks for a token. This answer also shows that it is running.
      await fetch(`${url}/api/v1/ping`).then(
        ({ ok, status }) => ok || status === 401 || status === 403 || status === 503,
        () => false,
      )
    )
      break
    await pause(100)
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(late)
    },
  }
}

/** The first token of a web port: newer ones want the code that they left in their home. */
export async function adminToken({ home }: RunningDaemon, url: string): Promise<string> {
  const name = (await readdir(home, { recursive: true })).find((each) => each.includes('bootstrap'))
  const code = name === undefined ? {} : { bootstrap_token: (await readFile(join(home, name), 'utf8')).trim() }
  const reply = await fetch(`${url}/api/v1/access-tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: 'admin', is_admin: true, ...code }),
  })
  const answer = (await reply.json()) as { result?: { access_token?: { token?: string } } }
  const token = answer.result?.access_token?.token
  if (token === undefined) throw new Error(`no token: ${reply.status} ${JSON.stringify(answer).slice(0, 200)}`)
  return token
}

/** The descriptor exists and a whole ping is answered; a bare connection would kill the oldest daemon. */
async function ready(home: string, child: ChildProcess): Promise<void> {
  const client = createCcccCore({ transport: ccccDaemon({ home }), timeoutMs: 5_000 })
  try {
    for (let tries = 0; tries < 300; tries += 1) {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`)
      if (existsSync(join(home, 'daemon', 'ccccd.addr.json'))) {
        const ping = await client.call('ping', {}).catch(() => undefined)
        if (ping?.pid === child.pid || (ping && tries > 50)) return
      }
      await pause(100)
    }
    throw new Error('the daemon did not come up within 30 s')
  } finally {
    await client.close()
  }
}
