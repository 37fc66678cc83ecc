/** The examples of docs/testing.md under Jest with ES modules, which is installed from npm. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root, writeExamples } from '../testing/page.js'

const run = promisify(execFile)
const VERSION = '30.5.2'

/** The folder with Jest in its node_modules. */
async function installJest(): Promise<string> {
  const folder = join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', `jest-${VERSION}`)
  if (existsSync(join(folder, 'node_modules', 'jest', 'bin', 'jest.js'))) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  await run('npm', ['i', '--no-audit', '--no-fund', '--silent', `jest@${VERSION}`], { cwd: folder, timeout: 500_000 })
  return folder
}

test('[testing.page] the examples of the page pass under Jest', async () => {
  if (!existsSync(join(root, 'dist', 'testing.js'))) throw new Error('Not built. Run npm run build first.')
  const jest = await installJest()
  const { folder, files } = writeExamples('jest')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(jest, 'node_modules', '@jest'), join(folder, 'node_modules', '@jest'))
  symlinkSync(root, join(folder, 'node_modules', 'signalbox'))
  const config = {
    transform: {},
    testMatch: ['**/*.test.mjs'],
    rootDir: folder,
    modulePathIgnorePatterns: [],
    haste: { enableSymlinks: false },
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n')
  const { stderr } = await run(
    process.execPath,
    [
      '--experimental-vm-modules',
      join(jest, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--config',
      JSON.stringify(config),
      '--runInBand',
      '--forceExit',
    ],
    { cwd: folder, timeout: 300_000, env: { ...process.env, NODE_OPTIONS: '' } },
  ).catch((error: { stderr: string }) => error)
  expect(stderr).toMatch(new RegExp(`Tests:\\s+${files.length} passed`))
}, 600_000)
