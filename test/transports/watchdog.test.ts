/** The watchdog without a shell, with a child that did not start, and with a child that survives KILL. */
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { ChildProcess } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { ChildLink } from '../../transports/node/link/child-link.js'
import { subprocess } from '../../transports/node/index.js'
import { createStderrTail } from '../../transports/node/link/stderr-tail.js'
import { createWatchdog } from '../../transports/node/link/watchdog.js'
import { childrenOf, killHard } from '../contract/held.js'
import { eventually } from '../eventually.js'

const watchdogs = () => childrenOf(process.pid).filter(({ pid, name }) => name === 'sh' && commandOf(pid).includes('trap'))
const shells = (): number => childrenOf(process.pid).filter(({ name }) => name === 'sh').length

describe.skipIf(process.platform === 'win32')('the watchdog', () => {
  test('without a shell children have no watchdog, and nothing else changes [child.watchdog]', async () => {
    // Node sends the signal of a child that did not start to pid 0: to this process group, and so to the whole test run.
    const killed = vi.spyOn(ChildProcess.prototype, 'kill').mockReturnValue(false)
    const watchdog = createWatchdog('/nonexistent/sh')
    watchdog.prepare()
    watchdog.watch(4_000_000)
    await watchdog.leave(4_000_000)
    // Prepared twice: at once, and after the failure was reported.
    watchdog.prepare()
    await watchdog.cancel()
    watchdog.prepare()
    await new Promise((resolve) => setTimeout(resolve, 20))
    watchdog.watch(4_000_000)
    watchdog.leave(4_000_000)
    expect(killed).not.toHaveBeenCalled()
    killed.mockRestore()
  })

  test('the watchdog exits if its child did not start [child.watchdog]', async () => {
    const before = shells()
    const transport = subprocess({ command: { file: '/nonexistent/program' } })
    await expect(transport.open()).rejects.toMatchObject({ code: 'not_found' })
    await eventually(() => expect(shells()).toBe(before))
  })

  test('a killed watchdog is replaced with the next child, and the new one gets every process group [child.watchdog]', async () => {
    const before = shells()
    const watchdog = createWatchdog()
    watchdog.prepare()
    watchdog.watch(4_000_001)
    await eventually(() => expect(shells()).toBe(before + 1))
    // A process has its new name a moment before its arguments.
    const shell = await eventually(() => {
      const [found] = watchdogs()
      expect(found).toBeDefined()
      return found
    })
    killHard(shell?.pid)
    await eventually(() => expect(shells()).toBe(before))
    // Its end is reported some turns after its exit.
    await eventually(() => {
      watchdog.prepare()
      expect(shells()).toBe(before + 1)
    })
    watchdog.watch(4_000_002)
    watchdog.leave(4_000_001)
    expect(shells()).toBe(before + 1)
    watchdog.leave(4_000_002)
    await eventually(() => expect(shells()).toBe(before))
  })

  test('children that follow each other have one watchdog, which ends a moment after the last child [child.watchdog]', async () => {
    const before = shells()
    const transport = subprocess({ command: { file: 'cat' } })
    const seen = new Set<number>()
    for (let turn = 0; turn < 3; turn += 1) {
      await using _ = await transport.open()
      for (const { pid } of await vi.waitFor(() => {
        const found = watchdogs()
        expect(found.length).toBeGreaterThan(0)
        return found
      }))
        seen.add(pid)
    }
    expect(seen.size).toBe(1)
    await vi.waitFor(() => expect(shells()).toBe(before), 5000)
  })

  test('a stopped watchdog does not delay the end of any link [child.watchdog]', async () => {
    const link = await subprocess({ command: { file: 'cat' } }).open()
    const mine = await eventually(() => {
      const found = watchdogs()
      expect(found.length).toBeGreaterThan(0)
      return found
    })
    for (const { pid } of mine) process.kill(pid, 'SIGSTOP')
    try {
      expect(await link.close()).toMatchObject({ kind: 'exit', exitCode: 0 })
    } finally {
      for (const { pid } of mine) if (childrenOf(process.pid).some((child) => child.pid === pid)) process.kill(pid, 'SIGCONT')
    }
    await eventually(() => expect(childrenOf(process.pid).filter(({ pid }) => mine.some((shell) => shell.pid === pid))).toEqual([]))
  })

  test('an error that an observer of stderr throws does not affect the link [child.watchdog]', async () => {
    const onStderr = vi.fn(() => {
      throw new Error('not ours')
    })
    const link = await subprocess({ command: { file: '/bin/sh', args: ['-c', 'echo said >&2; exit 3'] }, onStderr }).open()
    expect(await link.read()).toBeNull()
    expect(await link.closed).toEqual({ kind: 'exit', exitCode: 3, signal: null, stderrTail: 'said\n' })
    expect(onStderr).toHaveBeenCalled()
  })
})

test('a child that survives KILL is abandoned within the limit, reported once, with its pipes closed [child.abandoned]', async () => {
  const child = Object.assign(new EventEmitter(), { pid: undefined, exitCode: null, signalCode: null, unref: vi.fn() })
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const onGone = vi.fn(async () => {})
  const parts = { child: child as unknown as ChildProcess, stdin, stdout, stderr, tail: createStderrTail(100), onGone }
  const link = new ChildLink({ id: 'child-1', transport: 'subprocess' }, parts)
  const pending = link.read()
  expect(await link.close({ graceMs: 5 })).toEqual({ kind: 'local', abandoned: true })
  expect(await pending).toBeNull()
  expect(child.unref).toHaveBeenCalledTimes(1)
  expect([stdin.destroyed, stdout.destroyed, stderr.destroyed]).toEqual([true, true, true])
  await expect(link.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'closed', sent: 'no' })
  // The child exits later: its end is not reported twice.
  child.emit('exit', null, 'SIGKILL')
  child.emit('close')
  expect(await link.closed).toEqual({ kind: 'local', abandoned: true })
})

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
