/** Signals to a child and everything that it started and that stayed in its process group. */
import { spawn, type ChildProcess } from 'node:child_process'

/** Never throws: a group that is gone already counts as success. */
export function signalTree(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL', platform: string = process.platform): void {
  const { pid } = child
  if (pid === undefined) return
  if (platform === 'win32') {
    // No groups and no TERM there: taskkill follows the tree of parents. A leader that has left has no tree to follow.
    if (signal === 'SIGKILL' && child.exitCode === null) {
      spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on('error', () =>
        killChild(child),
      )
    }
    return
  }
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: the group is gone.
  }
}

/** Signals the child alone. A child that never started has no pid, and Node would send the signal to 0, the process group of this process. */
export function killChild(child: ChildProcess): void {
  if (child.pid !== undefined) child.kill('SIGKILL')
}
