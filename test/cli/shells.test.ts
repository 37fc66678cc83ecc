/** Completion in the real shells, with the built program and a running hub. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPty, type Pty } from './pty/pty.js'
import { eventually } from '../eventually.js'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'signalbox-shell-'))
const bin = join(folder, 'bin')
const env = {
  PATH: `${bin}:${process.env.PATH}`,
  HOME: folder,
  ZDOTDIR: folder,
  TERM: 'dumb',
  SIGNALBOX_HUB_SOCKET: join(folder, 'hub.sock'),
  XDG_CONFIG_HOME: join(folder, 'config'),
}
const has = (shell: string): boolean => process.env.SIGNALBOX_REQUIRE_ALL === '1' || !spawnSync(shell, ['--version']).error
const script = async (shell: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, [program, 'completion', shell])).stdout

describe.skipIf(!existsSync(program))('completion', () => {
  let hub: ChildProcess
  const open: Pty[] = []
  beforeAll(async () => {
    mkdirSync(bin)
    writeFileSync(join(bin, 'signalbox'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`)
    chmodSync(join(bin, 'signalbox'), 0o755)
    hub = spawn(process.execPath, [program, 'up', '--demo', '--no-gateway', '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(hub.stdout as NodeJS.ReadableStream, 'data')
  })
  afterAll(async () => {
    for (const each of open) await each[Symbol.asyncDispose]()
    hub.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const start = (command: readonly string[]): Pty => {
    const shell = openPty({ command, env, columns: 200 })
    open.push(shell)
    return shell
  }
  /** Types words and a tab, and gives what the line has become. */
  const completes = async (shell: Pty, typed: string, whole: string): Promise<void> => {
    const before = shell.raw().length
    shell.type(`${typed}\t`)
    await eventually(() => expect(shell.raw().slice(before)).toContain(whole))
    shell.type('\x03')
    await eventually(() => expect(shell.raw().slice(before)).toMatch(/\^C|READY/))
  }

  test.skipIf(!has('bash'))('bash completes commands, options, agents with a colon, and files [cli.completion]', async () => {
    writeFileSync(join(folder, 'init.bash'), `PS1='READY '\n${await script('bash')}`)
    writeFileSync(join(folder, 'task.jsonl'), '')
    const shell = start(['bash', '--noprofile', '--rcfile', join(folder, 'init.bash'), '-i'])
    await eventually(() => expect(shell.raw()).toContain('READY'))
    await completes(shell, 'signalbox hist', 'signalbox history ')
    await completes(shell, 'signalbox ask acp/main --tim', '--timeout ')
    await completes(shell, 'signalbox ask ccc/fr', 'ccc/frontend ')
    await completes(shell, 'signalbox ask cccc/g_51b000000001:te', 'cccc/g_51b000000001:tester ')
    await completes(shell, `signalbox replay ${folder}/ta`, 'task.jsonl ')
  })

  test.skipIf(!has('zsh'))('zsh completes commands and agents, sourced and from fpath [cli.completion]', async () => {
    writeFileSync(join(folder, '_signalbox'), await script('zsh'))
    const start1 = `PS1='READY '; autoload -Uz compinit; compinit -u -d ${folder}/dump`
    writeFileSync(join(folder, '.zshrc'), `${start1}\nsource ${join(folder, '_signalbox')}\n`)
    const sourced = start(['zsh', '-i'])
    await eventually(() => expect(sourced.raw()).toContain('READY'))
    await completes(sourced, 'signalbox hist', 'history')
    await completes(sourced, 'signalbox ask cccc/g_51b000000001:te', ':tester')

    writeFileSync(join(folder, '.zshrc'), `fpath=(${folder} $fpath)\n${start1}2\n`)
    const autoloaded = start(['zsh', '-i'])
    await eventually(() => expect(autoloaded.raw()).toContain('READY'))
    await completes(autoloaded, 'signalbox ask ccc/fr', 'frontend')
    await completes(autoloaded, 'signalbox ask ccc/ba', 'backend')
  })

  test.skipIf(!has('fish'))('fish completes commands, options, agents and values [cli.completion]', async () => {
    const file = join(folder, 'signalbox.fish')
    writeFileSync(file, await script('fish'))
    const ask = async (line: string): Promise<string[]> => {
      const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`], { env })
      return stdout.trim().split('\n')
    }
    expect(await ask('signalbox hist')).toEqual(['history'])
    expect(await ask('signalbox ask ccc/')).toEqual(['ccc/backend', 'ccc/docs', 'ccc/frontend'])
    expect(await ask('signalbox ask acp/main --while-busy ')).toEqual(['interrupt', 'queue', 'refuse'])
  })

  test.skipIf(spawnSync('pwsh', ['-Version']).error !== undefined)('PowerShell completes commands [cli.completion]', async () => {
    const text = `${await script('powershell')}; (TabExpansion2 'signalbox hist' 14).CompletionMatches.CompletionText`
    expect((await promisify(execFile)('pwsh', ['-NoProfile', '-Command', text], { env })).stdout.trim()).toBe('history')
  })
})
