/** Where the core's executable is. It is not bundled: it comes with the Python package, and its place is looked up, never downloaded. */
import { execFile } from 'node:child_process'
import { access, chmod, constants, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { ConnectionError } from '../../../src/cmdop/errors.js'
import { onAbort } from '../../../src/core/on-abort.js'
import type { Environment } from '../link/environment.js'
import { killChild } from '../link/kill.js'

export interface Host {
  readonly platform: string
  readonly arch: string
}

export interface FindOptions {
  /** The path of the executable. It is not checked; a missing file fails at the start. */
  readonly binaryPath?: string | undefined
  readonly env: Environment
  readonly host?: Host
  /** Finds a Python package; default: asks python3. For tests. */
  readonly wheelFolder?: (env: Environment, signal: AbortSignal | undefined) => Promise<string | undefined>
  /** Ends the search by Python, which then counts as without a result. */
  readonly signal?: AbortSignal | undefined
}

const PREBUILT: ReadonlySet<string> = new Set(['darwin-arm64', 'darwin-x64', 'linux-x64', 'linux-arm64', 'win32-x64'])
const INSTALL =
  'Install it with `pip install cmdop` (2.0) or `pip install "cmdop<2"` (1.x), or name it by `binaryPath` or CMDOP_CORE_BINARY.'

export function binaryName({ platform, arch }: Host): string {
  const key = `${platform}-${arch}`
  if (PREBUILT.has(key)) return `cmdop-core-${key}${platform === 'win32' ? '.exe' : ''}`
  throw missing(
    `There is no prebuilt binary of cmdop-core for ${key}.`,
    'Build one and name it by `binaryPath` or CMDOP_CORE_BINARY.',
  )
}

export async function findCore(options: FindOptions): Promise<string> {
  const { binaryPath, env, host = process, wheelFolder = askPython, signal } = options
  if (binaryPath) return binaryPath
  const named = env.CMDOP_CORE_BINARY
  if (named) {
    if (await isFile(named)) return executable(named, host)
    throw missing(`CMDOP_CORE_BINARY points at a missing file: ${named}.`, 'Correct it, or unset it to look elsewhere.')
  }
  const name = binaryName(host)
  const plain = host.platform === 'win32' ? 'cmdop-core.exe' : 'cmdop-core'
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter)) {
    for (const file of folder === '' ? [] : [join(folder, plain), join(folder, name)]) {
      if ((await isFile(file)) && (await mayRun(file))) return file
    }
  }
  const folder = await wheelFolder(env, signal)
  const inWheel = folder === undefined ? undefined : join(folder, '_bin', name)
  if (inWheel !== undefined && (await isFile(inWheel))) return executable(inWheel, host)
  const looked = inWheel ?? 'the Python package cmdop, which is not installed'
  throw missing(`No ${name} was found: not by CMDOP_CORE_BINARY, not on PATH, not in ${looked}.`, INSTALL)
}

function missing(message: string, hint: string): ConnectionError {
  return new ConnectionError({ code: 'unreachable', message, hint, sent: 'no', transport: 'cmdop-core' })
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

async function mayRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Sets the executable bit, which unpacking a wheel loses. If the file is read-only, its start fails with a clear error. */
async function executable(path: string, host: Host): Promise<string> {
  if (host.platform !== 'win32' && !(await mayRun(path))) await chmod(path, 0o755).catch(() => {})
  return path
}

// Finds the package without running its code.
const ASK = 'import importlib.util as u; s = u.find_spec("cmdop"); print(list(s.submodule_search_locations)[0] if s else "")'
const PATIENCE_MS = 10_000

/** Where the Python of this environment has the package, a virtual environment included. */
async function askPython(env: Environment, signal: AbortSignal | undefined): Promise<string | undefined> {
  for (const python of process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python']) {
    const folder = await new Promise<string>((resolve) => {
      const child = execFile(
        python,
        ['-I', '-c', ASK],
        { env: { ...env }, timeout: PATIENCE_MS, killSignal: 'SIGKILL', windowsHide: true },
        (error, out) => {
          ignore()
          resolve(error ? '' : out.trim())
        },
      )
      // The option `signal` of `execFile` is not used: it would also signal a child that never started, and so this process group.
      const ignore = onAbort(signal, () => killChild(child))
      child.stdin?.end()
    })
    if (folder !== '' || signal?.aborted) return folder || undefined
  }
  return undefined
}
