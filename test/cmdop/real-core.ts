/** The cores inside the wheels of the Python package, fetched once per machine with pip. */
import { execFile } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The cores that speak `cmdop.core.v1`. */
export const CORE_VERSIONS = ['1.0.2', '1.1.0', '1.1.1'] as const
/** The core that speaks `cmdop.core.v2`. */
export const CORE_V2 = '2.0.0'
export type CoreVersion = (typeof CORE_VERSIONS)[number] | typeof CORE_V2

/** The recording of a core. 1.1.1 did exactly what 1.1.0 does, so both share one file. */
export const recordingOf = (version: CoreVersion): URL =>
  new URL(`../fixtures/cmdop/core-${version === '1.1.1' ? '1.1.0' : version}.json`, import.meta.url)

const folder = process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers'

/** The path of the binary. A second call, or another process, finds what the first one brought. */
export async function installedCore(version: CoreVersion): Promise<string> {
  const home = join(folder, `cmdop-${version}`)
  const binary = join(home, 'cmdop', '_bin', `cmdop-core-${process.platform}-${process.arch}`)
  if (await exists(binary)) return binary
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(join(folder, 'cmdop-work-'))
  try {
    const unpack = 'import glob, sys, zipfile; zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]).extractall(sys.argv[2])'
    await run('python3', ['-m', 'pip', 'download', `cmdop==${version}`, '--no-deps', '--quiet', '-d', work])
    await run('python3', ['-c', unpack, work, join(work, 'out')])
    await chmod(join(work, 'out', 'cmdop', '_bin', `cmdop-core-${process.platform}-${process.arch}`), 0o755)
    // A second process finds the folder with the same content.
    await rename(join(work, 'out'), home).catch(() => {})
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return binary
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
