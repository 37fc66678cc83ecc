/**
 * Kills the process groups of a transport's children when we are killed ourselves and cannot. A shell that reads the groups from a
 * pipe of ours: whatever becomes of us, the pipe ends, and then it acts. POSIX only.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { killChild } from './kill.js'

/*
 * `kill -s KILL -- -PGID` and not `kill -9 -- -PGID`, which dash refuses. The signals that a terminal or a supervisor sends to all
 * are ignored: the watchdog must outlive us to be of use.
 */
const SCRIPT = `trap '' HUP INT TERM QUIT
groups=' '
while read -r what group; do
  case "$what" in
    watch) groups="$groups$group " ;;
    leave) case "$groups" in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done`

export interface Watchdog {
  /** Has it stand by before a child starts: the fewer instants between a child's start and `watch`, the better. */
  prepare(): void
  watch(group: number): void
  /** Resolves once all that it was told is in its pipe, where our death cannot take it back. */
  told(): Promise<void>
  /** When the last group leaves, the watchdog leaves too; resolves once it has. */
  leave(group: number): Promise<void>
  /** The child that it was prepared for did not start. Resolves once it has left, if nobody else needs it. */
  cancel(): Promise<void>
}

export function createWatchdog(shellFile = '/bin/sh'): Watchdog {
  const groups = new Set<number>()
  let shell: ChildProcess | undefined
  let gone: Promise<void> = Promise.resolve()
  let told: Promise<unknown> = gone

  const say = (line: string): void => {
    const pipe = shell?.stdin
    // A failure to write says that it is gone, which is an answer as well.
    if (pipe) told = Promise.race([gone, new Promise((resolve) => pipe.write(line, resolve))])
  }
  const start = (): void => {
    // In a session of its own, so that what kills our group does not kill it; outside any folder that one may want to remove.
    let child: ChildProcess
    try {
      child = spawn(shellFile, ['-c', SCRIPT], { cwd: '/', env: {}, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    } catch {
      // Out of memory or descriptors: a child without protection is better than one that nobody holds.
      return
    }
    shell = child
    gone = new Promise((resolve) => {
      const over = (): void => {
        if (shell === child) shell = undefined
        resolve()
      }
      child.once('exit', over)
      // No /bin/sh here: the children run without protection, as on Windows.
      child.once('error', over)
    })
    child.stdin?.on('error', () => {})
    child.unref()
    const pipe = child.stdin as { unref?: () => void } | null
    pipe?.unref?.()
    for (const group of groups) say(`watch ${group}\n`)
  }

  /** It has nobody to kill any more. Not asked to leave, because one that stands still would hold up whoever waits for that. */
  const dismiss = (last: ChildProcess): void => {
    shell = undefined
    last.ref()
    killChild(last)
    last.stdin?.destroy()
  }

  return {
    // Starting tells it every group there is, so that one that was killed is replaced with the next child.
    prepare() {
      if (!shell) start()
    },
    watch(group) {
      groups.add(group)
      say(`watch ${group}\n`)
    },
    async told() {
      await told
      // Bun calls a write done that it hands over at the end of its turn.
      await new Promise((resolve) => setImmediate(resolve))
    },
    async leave(group) {
      if (!groups.delete(group) || !shell) return
      if (groups.size > 0) say(`leave ${group}\n`)
      else {
        dismiss(shell)
        await gone
      }
    },
    async cancel() {
      if (!shell || groups.size > 0) return
      dismiss(shell)
      await gone
    },
  }
}
