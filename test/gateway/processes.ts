/** The command line as a separate process, with a fake `claude` that does not exit on request. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Bundled from source, inside the checkout, so that packages are found where npm put them. */
export function buildCommandLine(name: string): string {
  const outfile = join(root, '.cache', name, 'cli.mjs')
  mkdirSync(join(root, '.cache', name), { recursive: true })
  buildSync({
    entryPoints: [join(root, 'transports/node/cli/main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    logLevel: 'silent',
  })
  return outfile
}

/** Ignores TERM and the end of its stdin, and so do its own children. */
export const STUBBORN = `#!/bin/sh
[ "$1" = --version ] && { echo "2.1.329 (Claude Code)"; exit 0; }
trap '' TERM INT HUP QUIT PIPE
(trap '' TERM INT HUP QUIT; while :; do sleep 1; done) &
sleep 1000 &
echo '{"type":"system","subtype":"init","session_id":"x"}'
while :; do sleep 1; done
`

export function writeProgram(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o755 })
  return path
}

export interface GatewayProcess {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
  readonly output: () => string
}

/** Resolves when the gateway listens. */
export function startProcess(cli: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [cli, 'gateway', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  return new Promise((resolve, reject) => {
    const keep = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    const onData = (chunk: Buffer): void => {
      keep(chunk)
      const url = /Listening on (\S+) for/.exec(output)?.[1]
      const file = /Token of this launch: (\S+)/.exec(output)?.[1]
      if (url && file && output.includes('For a browser')) {
        child.stdout.removeListener('data', onData).on('data', keep)
        child.stderr.removeListener('data', onData).on('data', keep)
        resolve({ child, url, token: readFileSync(file, 'utf8').trim(), output: () => output })
      }
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${output}`)))
  })
}

/** Every process of this machine whose environment carries the mark; zombies do not count. */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
      } catch {
        return false
      }
    })
}

export const canDropUser = (): boolean => {
  try {
    execFileSync('setpriv', ['--reuid=65534', '--clear-groups', 'true'], { stdio: 'ignore' })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}
