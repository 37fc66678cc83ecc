/** The newest generation of the CLI that claude.test.ts measures, installed from npm into the same place. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const NAME = `@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}`
const MEGABYTES = 400

/** The path of the executable; undefined if the disk has no space for it. */
export async function installNewestClaude(): Promise<string | undefined> {
  const folder = join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', 'claude', '2.1.329')
  const file = join(folder, 'node_modules', NAME, 'claude')
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  const { bavail, bsize } = statfsSync(folder)
  if ((bavail * bsize) / 1_048_576 < MEGABYTES * 2) return undefined
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  await promisify(execFile)('npm', ['i', '--no-audit', '--no-fund', '--silent', `${NAME}@0.3.329`], {
    cwd: folder,
    timeout: 500_000,
  })
  return file
}
