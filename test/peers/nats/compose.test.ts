/** The files of docker/nats and the commands of docs/many-machines.md, as far as they can be checked without a container. */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ArgsDef } from 'citty'
import { checkOptions } from '../../../transports/node/cli/program/run.js'
import { COMMANDS } from '../../../transports/node/cli/program/table.js'
import { makeCertificate, makeUser } from './keys.js'
import { buildPrograms, createMachine, type Machine } from './machine.js'
import { freePorts, installServer } from './server.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const page = read('docs/many-machines.md')
/** The blocks of the page, by the name in their first line. */
const blocks = new Map(
  [...page.matchAll(/```\w+\n# (\S+)\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [name, text] as const),
)
/** Every command line of the page that starts our program. */
const commands = [...page.matchAll(/^(?:\$ )?(?:npx )?signalbox (\S+)(.*)$/gm)].map(([, name = '', rest = '']) => ({
  name,
  words: (rest.replace(/#.*$/, '').match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', '')),
}))

describe('the files for a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbn-compose-'))
  const at = (name: string): string => join(folder, name)
  let binary: string
  let ports: number[]
  let me: Machine
  beforeAll(async () => {
    binary = await installServer()
    ports = await freePorts(2)
    cpSync(join(root, 'docker/nats'), folder, { recursive: true })
    mkdirSync(at('tls'))
    makeCertificate(at('tls'))
    me = createMachine(folder, 'me', { program: buildPrograms(folder).program })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('the page shows the files as they are [hub.shared.compose]', () => {
    for (const name of ['nats.conf', 'accounts.conf', 'compose.yaml']) {
      expect(blocks.get(name)?.trim(), name).toBe(read(`docker/nats/${name}`).trim())
    }
  })

  test('compose mounts what the configuration reads, and passes flags that the server has [hub.shared.compose]', () => {
    const compose = read('docker/nats/compose.yaml')
    const conf = read('docker/nats/nats.conf')
    const command = JSON.parse((/command: (\[.*\])/.exec(compose)?.[1] ?? '').replaceAll("'", '"')) as string[]
    const help = execFileSync(binary, ['--help'], { encoding: 'utf8' })
    for (const flag of command.filter((word) => word.startsWith('-'))) expect(help).toMatch(new RegExp(`^\\s+${flag},? `, 'm'))
    const mounts = [...compose.matchAll(/^ {6}- (\S+?):(\/\S+?)(?::ro)?$/gm)].map(([, from = '', to = '']) => ({ from, to }))
    const mounted = (path: string): boolean => mounts.some(({ to }) => path === to || path.startsWith(`${to}/`))
    expect(mounted(command[1] ?? '')).toBe(true)
    for (const [, path = ''] of conf.matchAll(/"(\/[^"]+)"/g)) expect(mounted(path), path).toBe(true)
    expect(mounted(`/etc/nats/${/include "(\S+)"/.exec(conf)?.[1]}`)).toBe(true)
    for (const { from } of mounts.filter(({ from: source }) => /^\.\/.*\.conf$/.test(source)))
      expect(read(`docker/nats/${from}`)).not.toBe('')
    // The ports that the configuration opens are those that are published.
    const published = [...compose.matchAll(/'(\d+):\1'/g)].map(([, port]) => port)
    expect(published).toEqual([...conf.matchAll(/listen: "0\.0\.0\.0:(\d+)"/g)].map(([, port]) => port))
  })

  test('the server starts with the configuration, and a user of the account works [hub.shared.compose]', async () => {
    const [port = 0, webPort = 0] = ports
    const accounts = readFileSync(at('accounts.conf'), 'utf8')
    const keys = [...accounts.matchAll(/nkey: (U[A-Z2-7]{55})/g)].map(([, key = '']) => key)
    expect(keys.length).toBeGreaterThan(1)
    const [first = ''] = keys
    writeFileSync(at('accounts.conf'), accounts.replace(first, makeUser(at('me.seed'))))
    const conf = readFileSync(at('nats.conf'), 'utf8')
    const here = conf
      .replaceAll('/etc/nats/tls', at('tls'))
      .replaceAll('/srv/nats', at('data'))
      .replace('0.0.0.0:4222', `127.0.0.1:${port}`)
    writeFileSync(at('nats.conf'), here.replace('0.0.0.0:8443', `127.0.0.1:${webPort}`))
    execFileSync(binary, ['-c', at('nats.conf'), '-t'], { stdio: 'pipe' })
    const server = spawn(binary, ['-c', at('nats.conf'), '-l', at('log.txt')], { stdio: 'ignore' })
    const gone = new Promise((resolve) => server.once('exit', resolve))
    try {
      const options = ['--nats-ca', at('tls/cert.pem'), '--nats-creds', at('me.seed')]
      await vi.waitFor(
        async () =>
          expect((await me.go('doctor', 'ccc', '--nats', `tls://127.0.0.1:${port}`, ...options)).out).toContain('nats works'),
        { timeout: 30_000, interval: 500 },
      )
    } finally {
      server.kill('SIGTERM')
      await gone
    }
  })
})

test('every option in a command of the page exists in the program [hub.shared.compose]', async () => {
  expect(commands.length).toBeGreaterThan(3)
  for (const { name, words } of commands) {
    const entry = COMMANDS[name as keyof typeof COMMANDS]
    if (!entry) throw new Error(`there is no command ${name}`)
    const { definition } = await entry.load()
    expect(checkOptions(name, definition.args as ArgsDef, words), `${name} ${words.join(' ')}`).toBeUndefined()
  }
})
