/** Which protocol an executable speaks: told by the package around it, or by the executable itself. No call is sent to find it out. */
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { ConnectionError } from '../../../src/cmdop/errors.js'
import type { Generation } from '../../../src/cmdop/wire.js'
import { onAbort } from '../../../src/core/on-abort.js'
import type { Environment } from '../link/environment.js'
import { killChild } from '../link/kill.js'

export interface GenerationQuestion {
  readonly file: string
  /** Arguments that come before `--version`: for a program that an interpreter runs. */
  readonly args: readonly string[]
  readonly env: Environment
  readonly signal?: AbortSignal | undefined
}

const PATIENCE_MS = 10_000

/** Fails with `incompatible` for a program that does not tell its version, and for a version that is neither 1 nor 2. */
export async function generationOf(question: GenerationQuestion): Promise<Generation> {
  const { file, args } = question
  const version = (args.length === 0 ? await wheelVersion(file) : undefined) ?? (await askVersion(question))
  // The file cannot be run. Starting it later gives a better error than this question, so any generation will do.
  if (version === undefined) return 1
  const major = /^\D*(\d+)\./.exec(version)?.[1]
  if (major === '1') return 1
  if (major === '2') return 2
  const reported = version === '' ? 'does not tell its version' : `says ${JSON.stringify(version.slice(0, 40))} for its version`
  throw new ConnectionError({
    code: 'incompatible',
    message: `${file} ${reported}, so it is not known which protocol it speaks.`,
    hint: 'Cores 1.x and 2.x are supported. Name the protocol with `cmdopCore({ generation })`.',
    sent: 'no',
    transport: 'cmdop-core',
  })
}

/** A wheel unpacks to `cmdop/_bin/…` beside `cmdop-<version>.dist-info`. */
async function wheelVersion(file: string): Promise<string | undefined> {
  const folder = dirname(file)
  const parent = dirname(folder)
  if (basename(folder) !== '_bin' || basename(parent) !== 'cmdop') return undefined
  const names = await readdir(dirname(parent)).catch(() => [])
  const versions = names.flatMap((name) => /^cmdop-(\d[^-]*)\.dist-info$/.exec(name)?.[1] ?? [])
  // Two versions mean a broken installation. Then the executable is asked.
  return versions.length === 1 ? versions[0] : undefined
}

/** Every core that was tried prints its version, for example `1.1.1`, and exits. */
function askVersion({ file, args, env, signal }: GenerationQuestion): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args, '--version'],
      { env: { ...env }, timeout: PATIENCE_MS, killSignal: 'SIGKILL', windowsHide: true },
      (error, out) => {
        ignore()
        const notStarted = error !== null && typeof error.code === 'string'
        resolve(notStarted ? undefined : out.trim())
      },
    )
    const ignore = onAbort(signal, () => killChild(child))
    child.stdin?.end()
  })
}
