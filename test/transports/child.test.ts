import type { ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SignalboxError, type ErrorCode, type Link } from '../../src/index.js'
import { findClaude } from '../../transports/node/claude/find.js'
import { checkSizes, childEnvironment, NEVER_INHERITED, sizeLimits } from '../../transports/node/link/environment.js'
import { subprocess, type Command } from '../../transports/node/index.js'
import { signalTree } from '../../transports/node/link/kill.js'
import { createStderrTail } from '../../transports/node/link/stderr-tail.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-child-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function textOf(link: Link): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) text += decoder.decode(chunk, { stream: true })
  await link.close()
  return text
}

function script(name: string, text: string, mode = 0o755): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('why a child does not start [child.spawn-faults]', () => {
  const elf = (): string => {
    // A copy of a local program with a renamed loader, like a binary for another system.
    const path = join(folder, 'foreign')
    cpSync('/bin/true', path)
    const bytes = readFileSync(path)
    const at = bytes.indexOf('/lib64/ld-linux')
    const other = at === -1 ? bytes.indexOf('/lib/ld-linux') : at
    bytes.write('/nope/', other, 'latin1')
    writeFileSync(path, bytes)
    chmodSync(path, 0o755)
    return path
  }
  const cases: readonly (readonly [string, () => Command, ErrorCode, RegExp])[] = [
    ['a name that PATH does not know', () => ({ file: 'signalbox-no-such-program' }), 'not_found', /not found in PATH/],
    ['a path that is not there', () => ({ file: join(folder, 'none') }), 'not_found', /does not exist/],
    [
      'a folder that is not there',
      () => ({ file: 'cat', cwd: join(folder, 'none') }),
      'invalid_argument',
      /working folder .* does not exist/,
    ],
    ['a folder that is a file', () => ({ file: 'cat', cwd: script('plain', '') }), 'invalid_argument', /is not a folder/],
    ['both missing: the folder is told first', () => ({ file: 'nope', cwd: '/nope' }), 'invalid_argument', /folder \/nope/],
    [
      'an interpreter that is not there',
      () => ({ file: script('odd', '#!/no/such/interpreter -x\n') }),
      'incompatible',
      /\/no\/such\/interpreter is missing/,
    ],
    ['a loader that is not there', () => ({ file: elf() }), 'incompatible', /\/nope\/[\w./+-]* is missing/],
    ['a file that is not executable', () => ({ file: script('data', 'text', 0o644) }), 'permission_denied', /chmod \+x/],
    ['a folder as the executable', () => ({ file: folder }), 'permission_denied', /not executable/],
  ]
  for (const [what, command, code, message] of cases) {
    test(what, async () => {
      const error: unknown = await subprocess({ command: command() })
        .open()
        .catch((cause: unknown) => cause)
      expect(error).toSatisfy((one: unknown) => SignalboxError.is(one))
      const { code: told, message: said, sent, op } = error as SignalboxError
      expect([told, sent, op]).toEqual([code, 'no', 'open'])
      expect(said).toMatch(message)
    })
  }
})

test.skipIf(process.platform === 'win32')(
  'the missing part is reported even if the own working folder is gone [child.spawn-faults]',
  async () => {
    const before = process.cwd()
    const gone = mkdtempSync(join(tmpdir(), 'signalbox-gone-'))
    process.chdir(gone)
    rmSync(gone, { recursive: true })
    try {
      for (const file of ['./nope', 'below/nope', 'signalbox-no-such-program']) {
        const error: unknown = await subprocess({ command: { file } })
          .open()
          .catch((cause: unknown) => cause)
        expect(SignalboxError.is(error, 'not_found')).toBe(true)
      }
      await expect(findClaude({ env: {}, home: '/nonexistent' })).rejects.toMatchObject({ code: 'not_found' })
    } finally {
      process.chdir(before)
    }
  },
)

describe('the inputs of a child', () => {
  test('[child.sizes] sizes are checked before the system refuses, and no value is shown', async () => {
    const big = `sk-ant-secret${'x'.repeat(128 * 1024)}`
    const limits = sizeLimits('linux')
    expect(() => checkSizes('cat', ['ok', big], {}, limits)).toThrow(/Argument 2 is \d+ bytes/)
    expect(() => checkSizes('cat', [], { BIG: big }, limits)).toThrow(/environment variable BIG is/)
    expect(() => checkSizes('cat', ['x'.repeat(128 * 1024 - 1)], {}, limits)).not.toThrow()
    expect(() => checkSizes('cat', ['x'.repeat(128 * 1024)], {}, limits)).toThrow(/131072/)
    const many = Array.from({ length: 20 }, () => 'y'.repeat(120_000))
    expect(() => checkSizes('cat', many, {}, limits)).toThrow(/together/)
    expect(() => checkSizes('cat', ['a\0b'], {}, limits)).toThrow(/NUL/)
    expect(() => checkSizes('cat', [], { 'A=B': 'c' }, limits)).toThrow(/not the name/)
    const error: unknown = await subprocess({ command: { file: 'cat', args: [big] } })
      .open()
      .catch((cause: unknown) => cause)
    expect(SignalboxError.is(error, 'too_large')).toBe(true)
    expect(String(error)).not.toContain('sk-ant')
  })

  test('[child.sizes] the limit equals that of the system: a child with one byte less runs', async () => {
    const link = await subprocess({
      command: { file: 'sh', args: ['-c', 'printf %s "$0" | wc -c', 'x'.repeat(128 * 1024 - 1)] },
    }).open()
    expect((await textOf(link)).trim()).toBe(String(128 * 1024 - 1))
  })

  test('[child.environment] variables of the block list are not inherited, unless the caller names them', () => {
    const parent = {
      PATH: '/bin',
      HOME: '/root',
      NODE_OPTIONS: '--inspect',
      NODE_TEST_CONTEXT: 'child-v8',
      npm_config__auth: 'secret',
      CLAUDECODE: '1',
      GH_TOKEN: 't',
    }
    expect(childEnvironment(parent)).toEqual({ PATH: '/bin', HOME: '/root', GH_TOKEN: 't' })
    expect(childEnvironment(parent, { keep: ['NODE_OPTIONS'], drop: ['GH_*'] })).toEqual({
      PATH: '/bin',
      HOME: '/root',
      NODE_OPTIONS: '--inspect',
    })
    expect(childEnvironment(parent, {}, { CLAUDECODE: '2', HOME: undefined })).toEqual({
      PATH: '/bin',
      GH_TOKEN: 't',
      CLAUDECODE: '2',
    })
    expect(childEnvironment(parent, false, { A: 'b' })).toEqual({ A: 'b' })
    for (const name of ['SIGNALBOX_*', 'NODE_CHANNEL_FD', 'NOTIFY_SOCKET', 'npm_*']) expect(NEVER_INHERITED).toContain(name)
  })

  test('[child.environment] a real child does not see blocked variables', async () => {
    process.env.SIGNALBOX_TEST_SECRET = 'hidden'
    process.env.NODE_OPTIONS_TEST = 'seen'
    try {
      const text = await textOf(await subprocess({ command: { file: 'env' } }).open())
      expect(text).toContain('NODE_OPTIONS_TEST=seen')
      expect(text).not.toContain('SIGNALBOX_TEST_SECRET')
      expect(text).not.toMatch(/^VITEST/m)
    } finally {
      delete process.env.SIGNALBOX_TEST_SECRET
      delete process.env.NODE_OPTIONS_TEST
    }
  })

  test('[child.trace] the trace of an open is in its environment', async () => {
    const transport = subprocess({ command: { file: 'env', env: { TRACEPARENT: 'old' } } })
    const link = await transport.open(undefined, { trace: { traceparent: '00-11-22-01', tracestate: 'a=b' } })
    const lines = (await textOf(link)).split('\n')
    expect(lines).toContain('TRACEPARENT=00-11-22-01')
    expect(lines).toContain('TRACESTATE=a=b')
  })

  test('[child.launch] a launch becomes arguments that reach the program untouched', async () => {
    interface Greeting {
      readonly words: readonly string[]
    }
    const transport = subprocess<Greeting>({
      name: 'greeter',
      command: ({ words }) => ({ file: 'printf', args: ['%s|', ...words], cwd: folder }),
    })
    const link = await transport.open({ words: ['a b', '$HOME', '"; rm -rf *', '*', ''] })
    expect(link.info).toMatchObject({ transport: 'greeter', peer: expect.stringMatching(/^greeter:printf\[\d+]$/) })
    expect(await textOf(link)).toBe('a b|$HOME|"; rm -rf *|*||')
  })

  test('[child.launch] a path with a slash is looked up from the working folder of the child', async () => {
    mkdirSync(join(folder, 'bin'), { recursive: true })
    symlinkSync('/bin/pwd', join(folder, 'bin', 'where'))
    const link = await subprocess({ command: { file: './bin/where', cwd: folder } }).open()
    expect((await textOf(link)).trim()).toBe(folder)
  })
})

describe('the tail of stderr [child.stderr-tail]', () => {
  const tailOf = (maxBytes: number, chunks: readonly string[]): string => {
    const tail = createStderrTail(maxBytes)
    for (const chunk of chunks) tail.push(new TextEncoder().encode(chunk))
    return tail.text()
  }

  test('a short stderr is kept whole', () => {
    expect(tailOf(100, ['one\n', 'two'])).toBe('one\ntwo')
  })

  test('truncation never leaves half a line, half a word or half a character', () => {
    expect(tailOf(20, ['first line is long\nsecond\n'])).toBe('second\n')
    expect(tailOf(12, ['word sk-ant-abcdefghijklmnop tail end'])).toBe(' tail end')
    expect(tailOf(9, ['ääääää end'])).toBe(' end')
  })

  test('the tail is the same for any chunks', () => {
    const text = Array.from({ length: 400 }, (_, index) => `line ${index} password=hunter2222\n`).join('')
    const whole = tailOf(500, [text])
    expect(whole).toMatch(/line 399/)
    expect(whole).not.toContain('hunter2222')
    expect(tailOf(500, text.split(''))).toBe(whole)
    expect(tailOf(500, text.match(/[\s\S]{1,77}/g) ?? [])).toBe(whole)
  })
})

test('[law.9.windows] on Windows the tree is killed by taskkill, and no TERM is sent', () => {
  const sent: unknown[] = []
  const child = { pid: 2 ** 22 + 12345, exitCode: null, kill: () => sent.push('kill') } as unknown as ChildProcess
  signalTree(child, 'SIGTERM', 'win32')
  expect(sent).toEqual([])
  // The process group must no longer exist.
  expect(() => signalTree(child, 'SIGKILL', 'linux')).not.toThrow()
})
