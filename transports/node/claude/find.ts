/** Finds the CLI: a given path, the environment, PATH, the npm packages, the usual folders. The first match is used. */
import { constants } from 'node:fs'
import { access, readFile, realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'
import type { Environment } from '../link/environment.js'

/** An executable that was found, and how to run it. */
export interface ClaudeExecutable {
  /** The program to start: the CLI, or the runtime of its script. */
  readonly file: string
  /** Arguments before the CLI's own: the script, where a runtime runs it. */
  readonly before: readonly string[]
  /** How it was found. */
  readonly source: 'option' | 'environment' | 'path' | 'package' | 'usual place'
}

/** Where `findClaude` looks. The defaults are those of this process. */
export interface FindOptions {
  /** The executable or script, if it is known: nothing else is searched then. */
  readonly path?: string | undefined
  /** The runtime for a script. */
  readonly runtime?: string | undefined
  /** The environment to search: the two variables and `PATH`. */
  readonly env?: Environment | undefined
  /** As `process.platform`. */
  readonly platform?: string
  /** As `process.arch`. */
  readonly arch?: string
  /** The home directory, for the usual places. */
  readonly home?: string
  /** The folder that npm packages are looked for from. */
  readonly from?: string
}

const VARIABLES = ['SIGNALBOX_CLAUDE_CLI_PATH', 'CCFLOW_CLAUDE_CLI_PATH'] as const

/** Finds the CLI: the given path, an environment variable, `PATH`, the npm packages, the usual places. Fails with `not_found`. */
export async function findClaude(options: FindOptions = {}): Promise<ClaudeExecutable> {
  const { path, runtime, env = process.env, platform = process.platform, home = homedir() } = options
  // The path is made absolute, because a launch may have another working directory.
  const as = (file: string, source: ClaudeExecutable['source']): ClaudeExecutable => ({
    ...runnable(resolve(file), runtime),
    source,
  })
  if (path !== undefined) return (await isFile(path)) ? as(path, 'option') : missing(`There is no Claude Code CLI at ${path}.`)
  for (const variable of VARIABLES) {
    const named = env[variable]
    if (named === undefined || named === '') continue
    return (await isFile(named)) ? as(named, 'environment') : missing(`${variable} names ${named}, which is not there.`)
  }
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter).filter((part) => part !== '')) {
    // A .cmd shim would need a shell, so it is passed over for the executable behind it.
    for (const file of platform === 'win32' ? ['claude.exe'] : ['claude']) {
      const candidate = join(folder, file)
      if (await isExecutable(candidate, platform)) return as(candidate, 'path')
    }
  }
  for (const candidate of packageCandidates(options)) if (await isFile(candidate)) return as(candidate, 'package')
  const name = platform === 'win32' ? 'claude.exe' : 'claude'
  for (const candidate of [join(home, '.local', 'bin', name), join(home, '.claude', 'local', name)]) {
    if (await isExecutable(candidate, platform)) return as(candidate, 'usual place')
  }
  return missing('The Claude Code CLI was not found: not on PATH, not as an npm package, not in its usual places.')
}

/** The platform binaries of the two npm packages, then the one-file program of the 2.0 line. */
function packageCandidates({ platform = process.platform, arch = process.arch, from }: FindOptions): string[] {
  const require = createRequire(join(from ?? folderNow(), 'signalbox.js'))
  const musl = platform === 'linux' && isMusl() ? '-musl' : ''
  const suffix = `${platform}-${arch}${musl}`
  const binary = platform === 'win32' ? 'claude.exe' : 'claude'
  const found: string[] = []
  for (const [name, file] of [
    [`@anthropic-ai/claude-code-${suffix}`, binary],
    [`@anthropic-ai/claude-agent-sdk-${suffix}`, binary],
    ['@anthropic-ai/claude-code', 'cli.js'],
  ] as const) {
    try {
      found.push(join(dirname(require.resolve(`${name}/package.json`)), file))
    } catch {
      // Not installed.
    }
  }
  return found
}

/** The working directory may have been deleted; then packages are searched from the root. */
function folderNow(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

function isMusl(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return report?.header !== undefined && report.header.glibcVersionRuntime === undefined
}

/** A script is run by a runtime: ours if it is Node or Bun, else node. */
function runnable(file: string, runtime: string | undefined): Pick<ClaudeExecutable, 'file' | 'before'> {
  if (!/\.(?:[cm]?js|[cm]?ts|tsx|jsx)$/.test(file)) return { file, before: [] }
  const own = 'deno' in process.versions ? 'node' : process.execPath
  return { file: runtime ?? own, before: [file] }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

async function isExecutable(path: string, platform: string): Promise<boolean> {
  if (!(await isFile(path))) return false
  if (platform === 'win32') return true
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function missing(message: string): never {
  throw new SignalboxError({
    code: 'not_found',
    message,
    hint: 'Install it with: npm install -g @anthropic-ai/claude-code, or name it with claudeProcess({ path }).',
    system: 'claude',
    op: 'open',
    sent: 'no',
    retryable: false,
  })
}

/**
 * The version of an executable that lies in a folder of one of the CLI's npm packages, next to its `package.json`; an empty text for any other.
 * The package of the agent SDK is not among them: its version is not the CLI's.
 */
export async function packageVersion(file: string): Promise<string> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(dirname(await realpath(file)), 'package.json'), 'utf8'))
    const { name, version } = Object(manifest) as { readonly name?: unknown; readonly version?: unknown }
    return /^@anthropic-ai\/claude-code(?:-|$)/.test(String(name)) ? String(version) : ''
  } catch {
    return ''
  }
}
