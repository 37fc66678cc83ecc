/**
 * Ends a transport's children when this process is killed. A shell reads the children's process groups from a pipe of this process. When
 * this process ends, the pipe ends, and the shell acts. It sends TERM, so that a child can end what it started, waits two
 * seconds at most, and kills the groups and every descendant of theirs that left its group, as the tools of the Claude CLI do. POSIX only.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { clearTimeout, setTimeout } from 'node:timers'
import { killChild } from './kill.js'

/*
 * `kill -s KILL -- -PGID` and not `kill -9 -- -PGID`, which dash refuses. The signals that a terminal or a supervisor sends to all are
 * ignored: the watchdog must outlive us to be of use. `family` holds the processes to kill: it is read before TERM, because an orphan no
 * longer names its parent, and again before KILL. Processes come from /proc where there is one, because slim images have no `ps`.
 */
const SCRIPT = `trap "" HUP INT TERM QUIT
PATH=/bin:/usr/bin
groups=" "
family=" "
while read -r what group; do
  case "$what" in
    watch) groups="$groups$group " ;;
    leave) case "$groups" in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
processes() {
  if [ -r /proc/self/stat ]; then
    for stat in /proc/[0-9]*/stat; do
      read -r line < "$stat" || continue
      pid=\${stat#/proc/}
      set -- \${line##*) }
      echo "\${pid%/stat} $2 $3"
    done
  else ps -A -o pid= -o ppid= -o pgid=
  fi
}
find_family() {
  table=$(processes)
  grew=1
  while [ $grew = 1 ]; do
    grew=0
    while read -r pid parent group; do
      case "$family" in *" $pid "*) continue ;; esac
      case "$groups" in
        *" $group "*) ;;
        *) case "$family" in *" $parent "*) ;; *) continue ;; esac ;;
      esac
      family="$family$pid "
      grew=1
    done <<END
$table
END
  done
}
any_left() {
  for group in $groups; do kill -s 0 -- "-$group" && return 0; done
  return 1
}
[ "$groups" = " " ] && exit
find_family
for group in $groups; do kill -s TERM -- "-$group"; done
tries=0
while [ $tries -lt 20 ] && any_left; do
  sleep 0.1
  tries=$((tries + 1))
done
find_family
for group in $groups; do kill -s KILL -- "-$group"; done
for pid in $family; do kill -s KILL -- "$pid"; done`

export interface Watchdog {
  /** Starts the watchdog before a child starts, to keep the time between the start and `watch` short. */
  prepare(): void
  watch(group: number): void
  /** Resolves when every message is in the pipe, where it survives this process. */
  flushed(): Promise<void>
  /** Removes a group. After the last one the watchdog waits a moment for the next child, and then ends. */
  leave(group: number): void
  /** Call if the child did not start. */
  cancel(): void
}

/** How long a watchdog without a child waits for the next one: turns that follow each other start one shell. */
const LINGER_MS = 500

export function createWatchdog(shellFile = '/bin/sh'): Watchdog {
  const groups = new Set<number>()
  let shell: ChildProcess | undefined
  let lingering: ReturnType<typeof setTimeout> | undefined
  let gone: Promise<void> = Promise.resolve()
  let flushed: Promise<unknown> = gone

  const writeLine = (line: string): void => {
    const pipe = shell?.stdin
    // A failed write means that the watchdog has ended; the promise resolves in both cases.
    if (pipe) flushed = Promise.race([gone, new Promise((resolve) => pipe.write(line, resolve))])
  }
  const start = (): void => {
    // The watchdog has a session of its own, so that a signal to our process group does not end it. It runs in `/`, so that it keeps
    // no folder from being removed.
    let child: ChildProcess
    try {
      child = spawn(shellFile, ['-c', SCRIPT], { cwd: '/', env: {}, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    } catch {
      // Out of memory or descriptors: the child runs without protection.
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
    for (const group of groups) writeLine(`watch ${group}\n`)
  }

  /** There is no group left. The timer keeps nothing alive: when this process ends, the pipe ends, and with it a watchdog without groups. */
  const dismissLater = (): void => {
    clearTimeout(lingering)
    lingering = setTimeout(() => {
      if (!shell || groups.size > 0) return
      // Killed and not asked to end: a stopped watchdog would not answer.
      killChild(shell)
      shell.stdin?.destroy()
      shell = undefined
    }, LINGER_MS)
    lingering.unref()
  }

  return {
    // Starting tells it every group there is, so that one that was killed is replaced with the next child.
    prepare() {
      clearTimeout(lingering)
      if (!shell) start()
    },
    watch(group) {
      groups.add(group)
      writeLine(`watch ${group}\n`)
    },
    async flushed() {
      await flushed
      // Bun reports a write as done before it hands it over, at the end of the turn.
      await new Promise((resolve) => setImmediate(resolve))
    },
    leave(group) {
      if (!groups.delete(group) || !shell) return
      writeLine(`leave ${group}\n`)
      if (groups.size === 0) dismissLater()
    },
    cancel() {
      if (shell && groups.size === 0) dismissLater()
    },
  }
}
