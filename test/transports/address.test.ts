import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import type { SignalboxError } from '../../src/index.js'
import { pipePath, tcpTarget, unixPath } from '../../transports/node/link/address.js'
import { codeOf, linkFault, openFault } from '../../transports/node/link/faults.js'
import { listenUnix, namedPipe, unixSocket } from '../../transports/node/index.js'

describe('addresses [transport.address]', () => {
  test('a path that is too long for the system is refused', () => {
    expect(unixPath(`/${'x'.repeat(106)}`, 'linux')).toHaveLength(107)
    expect(() => unixPath(`/${'x'.repeat(107)}`, 'linux')).toThrow(/108 bytes long; the system allows 107/)
    expect(() => unixPath(`/${'x'.repeat(103)}`, 'darwin')).toThrow(/allows 103/)
    // Bytes count, not characters.
    expect(() => unixPath(`/${'\u00e4'.repeat(60)}`, 'linux')).toThrow(/121 bytes/)
    expect(() => unixPath('')).toThrow(/empty/)
    expect(() => unixSocket({ path: '/tmp/a\0b' })).toThrow(/NUL/)
  })

  test('ports and hosts', () => {
    expect(tcpTarget({ port: 80 })).toEqual({ host: '127.0.0.1', port: 80 })
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) expect(() => tcpTarget({ port })).toThrow(/is not a TCP port/)
    for (const host of ['', 'http://a', 'a b', 'a\0']) expect(() => tcpTarget({ host, port: 1 })).toThrow(/is not a host/)
  })

  test('names of Windows pipes', () => {
    const full = '\\\\.\\pipe\\ccc'
    expect([pipePath('ccc'), pipePath(full), pipePath('//./pipe/ccc')]).toEqual([full, full, full])
    for (const name of ['', 'a\\b', 'a\0', 'x'.repeat(257)]) expect(() => namedPipe({ name })).toThrow(/is not the name of a pipe/)
  })
})

describe('faults [transport.open-faults]', () => {
  const told = (code: string): SignalboxError => openFault(Object.assign(new Error(code), { code }), 'unix', 'unix:/x')

  test('every code has its own remedy', () => {
    expect(told('ENOENT').message).toMatch(/no socket \(ENOENT\)/)
    expect(told('ECONNREFUSED').message).toMatch(/nobody listens/)
    expect([told('ENOENT').code, told('ECONNREFUSED').code]).toEqual(['unreachable', 'unreachable'])
    expect([told('EACCES').code, told('EPERM').code]).toEqual(['permission_denied', 'permission_denied'])
    expect([told('EAGAIN').code, told('EMFILE').code]).toEqual(['unavailable', 'unavailable'])
    expect(told('EWHATEVER')).toMatchObject({ code: 'unreachable', sent: 'no', remoteCode: 'EWHATEVER', op: 'open' })
  })

  test('an aggregate error of several addresses is reported by its first error', () => {
    const several = new AggregateError([Object.assign(new Error('no'), { code: 'ECONNREFUSED' })])
    expect(codeOf(several)).toBe('ECONNREFUSED')
    expect(codeOf(null)).toBeUndefined()
    expect(codeOf({ code: 7 })).toBeUndefined()
  })

  test('a broken link fails with its reason and sent: maybe', () => {
    const error = linkFault(Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'tcp', 'tcp:h:1')
    expect(error).toMatchObject({ code: 'closed', sent: 'maybe', remoteCode: 'ECONNRESET' })
    expect(linkFault(error, 'tcp', 'x')).toBe(error)
  })
})

// Root can connect to any socket, so the test runs as the user nobody.
const canDrop = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0
test("[transport.denied] Deno's own refusal, which has no system code, is permission_denied", () => {
  const refusal = Object.assign(new Error('Requires net access to "127.0.0.1:1"'), { name: 'NotCapable' })
  const error = openFault(refusal, 'tcp', 'tcp:127.0.0.1:1')
  expect(error).toMatchObject({ code: 'permission_denied', sent: 'no', cause: refusal })
  expect(error.message).toMatch(/--allow-net/)
})

test.skipIf(!canDrop)('[transport.denied] a socket of another user is permission_denied', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-denied-'))
  try {
    chmodSync(folder, 0o755)
    const path = join(folder, 'peer.sock')
    const listener = await listenUnix({ path })
    const source = fileURLToPath(new URL('../../transports/node/link/socket.ts', import.meta.url))
    const program = join(folder, 'client.mjs')
    writeFileSync(
      join(folder, 'client.ts'),
      `import { unixSocket } from ${JSON.stringify(source)}
       unixSocket({ path: ${JSON.stringify(path)} }).open().catch((error) => console.log(JSON.stringify(error)))`,
    )
    await build({ entryPoints: [join(folder, 'client.ts')], outfile: program, bundle: true, format: 'esm', platform: 'node' })
    const out = execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, program], {
      cwd: '/',
      encoding: 'utf8',
    })
    expect(JSON.parse(out)).toMatchObject({ code: 'permission_denied', sent: 'no', remoteCode: 'EACCES' })
    await listener[Symbol.asyncDispose]()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
