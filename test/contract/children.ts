/** Law 9 with real children that misbehave, each a line of shell. POSIX. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Link } from '../../src/index.js'
import { check, checkEqual, checkRejects, type Case } from '../../src/testing/index.js'
import type { Entry, Program } from './contexts.js'
import { aliveInGroup, heldByProcess, killHard, processes } from './held.js'

export interface ChildContext {
  readonly entry: Entry
  /** This suite again as a program. */
  readonly self: Program
}

const GRACE_MS = 250
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const childCases: readonly Case<ChildContext>[] = [
  shellCase('law.9.exit', 'the exit of a child is reported with its code and its stderr', 'echo oops >&2; exit 3', async (link) => {
    checkEqual(await textOf(link), '')
    checkEqual(await link.closed, { kind: 'exit', exitCode: 3, signal: null, stderrTail: 'oops\n' })
  }),

  shellCase(
    'law.9.signal',
    'the end of a child by a signal is reported with the signal',
    'kill -s SEGV $$; sleep 1000',
    async (link) => {
      await textOf(link)
      const reason = await link.closed
      checkEqual(reason.kind === 'exit' && [reason.exitCode, reason.signal], [null, 'SIGSEGV'])
    },
  ),

  shellCase(
    'law.9.end-of-input',
    'a child that reads its stdin exits when its stdin ends',
    'cat; echo bye >&2; exit 4',
    async (link) => {
      const reason = await link.close({ graceMs: 20_000 })
      checkEqual(reason, { kind: 'exit', exitCode: 4, signal: null, stderrTail: 'bye\n' })
    },
  ),

  shellCase(
    'law.9.flushes',
    'a child can flush more than a pipe holds before it exits',
    'cat >/dev/null; head -c 3000000 /dev/zero; exit 5',
    async (link) => {
      const reason = await link.close({ graceMs: 20_000 })
      checkEqual(reason.kind === 'exit' && reason.exitCode, 5)
    },
  ),

  shellCase('law.9.term', 'a child that ignores the end of its stdin gets TERM', 'exec sleep 1000', async (link) => {
    const reason = await link.close({ graceMs: GRACE_MS })
    checkEqual(reason.kind === 'exit' && reason.signal, 'SIGTERM')
  }),

  shellCase(
    'law.9.ignores-term',
    'a child that ignores TERM is killed',
    "trap '' TERM; echo ready; while :; do sleep 0.2; done",
    async (link) => {
      check((await link.read()) !== null, 'it did not start')
      const reason = await link.close({ graceMs: GRACE_MS })
      checkEqual(reason.kind === 'exit' && reason.signal, 'SIGKILL')
    },
  ),

  shellCase(
    'law.9.never-reads',
    'closing the link of a child that never reads stdin succeeds with a full pipe',
    'exec sleep 1000',
    async (link) => {
      let error: unknown
      const writing = (async () => {
        for (;;) await link.write(new Uint8Array(64 * 1024))
      })().catch((cause: unknown) => {
        error = cause
      })
      await pause(200)
      const reason = await link.close({ graceMs: GRACE_MS })
      await writing
      check(error !== undefined, 'the write that waited did not reject')
      checkEqual(reason.kind, 'exit')
    },
  ),

  shellCase(
    'law.9.grandchild',
    'a grandchild that holds the pipe is killed with its group',
    'sleep 1000 & echo $!; exit 0',
    async (link) => {
      checkEqual((await textOf(link)).trim().length > 0, true)
      checkEqual((await link.closed).kind, 'exit')
    },
  ),

  shellCase(
    'law.9.out-of-reach',
    'a process that left the group cannot keep the link open',
    'setsid sh -c "echo \\$\\$; exec sleep 1000" & wait $!; exit 0',
    async (link) => {
      const first = await link.read()
      const escaped = Number(new TextDecoder().decode(first ?? undefined))
      check(escaped > 0, 'no process id came')
      try {
        const reason = await link.close({ graceMs: GRACE_MS })
        check(reason.abandoned === undefined, 'the leader is gone, so nothing of ours was abandoned')
        check(
          processes().some(({ pid }) => pid === escaped),
          'it was in reach after all',
        )
      } finally {
        killHard(escaped)
      }
    },
  ),

  shellCase(
    'law.9.holder-of-the-pipe',
    'when a child exits while a process outside its group holds its pipe, the link ends after a bounded drain',
    'setsid sh -c "echo \\$\\$; exec sleep 1000" & exit 6',
    async (link) => {
      // The exit can be reported before the number arrives: the drain waits for it.
      const text = await textOf(link)
      try {
        const reason = await link.closed
        checkEqual(reason.kind === 'exit' && reason.exitCode, 6)
      } finally {
        const escaped = Number(text) || processes().find(({ name, parent }) => name === 'sleep' && parent === 1)?.pid
        if (escaped) killHard(escaped)
      }
    },
  ),

  shellCase(
    'law.9.full-pipe',
    'bytes that a child left in a full pipe are read after its death',
    'head -c 50000000 /dev/zero',
    async (link) => {
      // Without a reader the link buffer and the pipe fill up, and then the child dies.
      await settled(() => aliveInGroup(link.info.pid ?? 0).length)
      await pause(300)
      killHard(link.info.pid)
      const reason = await link.closed
      checkEqual(reason.kind, 'exit')
      let bytes = 0
      for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) bytes += chunk.byteLength
      check(bytes >= 256 * 1024 && bytes < 50_000_000, `${bytes} bytes were kept`)
    },
  ),

  shellCase(
    'law.9.late-reader',
    'a reader that starts after the exit reads everything, also more than a link buffers',
    // The output must fit into the buffer of the link and the pipe (64 KiB on Deno). Otherwise the child would wait for a reader.
    'head -c 300000 /dev/zero; exit 5',
    async (link) => {
      checkEqual((await link.closed).kind, 'exit')
      let bytes = 0
      for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) bytes += chunk.byteLength
      checkEqual(bytes, 300_000)
    },
  ),

  shellCase(
    'law.9.stderr-flood',
    'a flood on stderr blocks neither side, and only its redacted tail is kept',
    'head -c 20000000 /dev/zero | tr "\\0" "e" >&2; echo >&2; echo "token=abcdefgh12345 the end" >&2; echo out; exit 1',
    async (link) => {
      checkEqual(await textOf(link), 'out\n')
      const reason = await link.closed
      check(reason.kind === 'exit', 'it did not exit')
      check(reason.stderrTail.length <= 8 * 1024, `${reason.stderrTail.length} characters were kept`)
      check(reason.stderrTail.endsWith('the end\n'), 'the end is missing')
      check(!reason.stderrTail.includes('abcdefgh12345'), 'a secret was kept')
    },
  ),

  shellCase(
    'law.9.leaves-while-we-write',
    'a child that exits during a write makes the write fail with a typed error',
    'sleep 0.1; exit 7',
    async (link) => {
      let error: unknown
      while (error === undefined) {
        await link.write(new Uint8Array(32 * 1024)).catch((cause: unknown) => {
          error = cause
        })
      }
      const reason = await link.closed
      checkEqual(reason.kind === 'exit' && reason.exitCode, 7)
      const later = await checkRejects(link.write(new Uint8Array(1)), 'exited')
      checkEqual([later.exitCode, later.sent], [7, 'no'])
    },
  ),

  shellCase(
    'law.9.answers-and-leaves',
    'the output of a child is read after its exit, even if a late write failed',
    'echo answer; exec 0<&-; sleep 0.2; exit 8',
    async (link) => {
      for (let failed = false; !failed; await pause(5)) {
        await link.write(new Uint8Array(1024)).catch(() => {
          failed = true
        })
      }
      checkEqual(await textOf(link), 'answer\n')
      const reason = await link.closed
      checkEqual(reason.kind === 'exit' && reason.exitCode, 8)
    },
  ),

  childCase('law.9.works-on', 'a child that closes both pipes has not ended before it exits', async ({ entry }) => {
    const transport = entry.subprocess({ command: shell('exec 0<&- 1>&-; sleep 0.3; exit 9') })
    const link = await transport.open()
    await Promise.all([textOf(link), link.end()])
    const reason = await link.closed
    checkEqual(reason.kind === 'exit' && reason.exitCode, 9)
  }),

  childCase('law.9.abort-while-starting', 'an abort while a child starts leaves no child', async ({ entry }) => {
    const transport = entry.subprocess({ command: shell('exec sleep 1000') })
    for (const moments of [0, 1, 3, 10]) {
      const controller = new AbortController()
      const opened = transport.open(undefined, { signal: controller.signal })
      opened.catch(() => {})
      for (let turn = 0; turn < moments; turn += 1) await Promise.resolve()
      controller.abort()
      const link = await opened.catch(() => undefined)
      await link?.close({ graceMs: 0 })
    }
  }),

  childCase('law.9.many', 'two hundred opened and closed children leave no process or handle', async ({ entry }) => {
    const transport = entry.subprocess({ command: shell('exec cat') })
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const link = await transport.open()
          await link.write(new TextEncoder().encode('x'))
          check((await link.read()) !== null, 'no echo')
          const reason = await link.close({ graceMs: 20_000 })
          checkEqual(reason.kind === 'exit' && reason.exitCode, 0)
        }),
      )
    }
  }),

  childCase('law.9.we-are-killed', 'kill -9 of the own process leaves no child', async ({ self }) => {
    const host = spawn(self.file, [...self.args, '--role', 'host'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(host.stdout, 'data')) as [Uint8Array]
    const pids = JSON.parse(new TextDecoder().decode(line)) as number[]
    checkEqual(pids.length, 3)
    for (const pid of pids) check(aliveInGroup(pid).length > 0, `group ${pid} did not live`)
    host.kill('SIGKILL')
    await once(host, 'close')
    for (const pid of pids) await settled(() => aliveInGroup(pid).length, 0)
    // No watchdog is left either, although it had its own session and its parent has ended.
    await settled(
      () => processes().filter(({ name, parent, state }) => name === 'sh' && parent === host.pid && state !== 'Z').length,
      0,
    )
  }),
]

function shell(script: string): { file: string; args: string[] } {
  return { file: '/bin/sh', args: ['-c', script] }
}

function shellCase(id: string, title: string, script: string, run: (link: Link) => Promise<void>): Case<ChildContext> {
  return childCase(id, title, async ({ entry }) => {
    const link = await entry.subprocess({ command: shell(script) }).open()
    try {
      await run(link)
    } finally {
      await link.close({ graceMs: GRACE_MS })
    }
    await settled(() => aliveInGroup(link.info.pid ?? 0).length, 0)
  })
}

function childCase(id: string, title: string, run: (context: ChildContext) => Promise<void>): Case<ChildContext> {
  return {
    id,
    title,
    async run(context) {
      const before = heldByProcess()
      await run(context)
      // Some handles are released a few turns after their end was reported.
      let grown: string[] = []
      await settled(() => {
        grown = Object.entries(heldByProcess()).flatMap(([name, count]) =>
          count > (before[name] ?? 0) ? [`${name} ${count}`] : [],
        )
        return grown.length
      }, 0).catch(() => {})
      checkEqual(grown, [], 'left behind')
    },
  }
}

/** Waits until the count has the wanted value, or until it stops changing if no value is given. */
async function settled(count: () => number, wanted?: number): Promise<void> {
  let last = Number.NaN
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const now = count()
    if (wanted === undefined ? now === last : now === wanted) return
    last = now
    await pause(25)
  }
  throw new Error(`the count is ${last} and not ${wanted}`)
}

async function textOf(link: Link): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) text += decoder.decode(chunk, { stream: true })
  return text
}
