/** Which prompt may run now. One queue for each session of an agent. Pure bookkeeping: no time, no store, no source. */
import type { WhileBusy } from '../hub.js'

/** What happens to a new prompt. */
export type Admission = 'start' | 'queue' | 'refuse' | 'interrupt' | 'full'

export interface Schedule {
  /** Decides, and takes the prompt in unless it is refused. `parallel`: how many turns the system runs at once. */
  admit(key: string, promptId: string, whileBusy: WhileBusy, parallel: number): Admission
  /** A turn that runs already, such as one that was adopted after a restart. */
  adopt(key: string, promptId: string): void
  /** The prompt ended or was withdrawn. Returns the prompts that may start now. */
  release(key: string, promptId: string): readonly string[]
  /** The turns that run now, oldest first. */
  running(key: string): readonly string[]
}

interface AgentQueue {
  readonly running: string[]
  readonly queued: string[]
  parallel: number
}

export function createSchedule({ maxQueued = 100 }: { readonly maxQueued?: number } = {}): Schedule {
  const lines = new Map<string, AgentQueue>()
  const queueOf = (key: string): AgentQueue => {
    const line = lines.get(key) ?? { running: [], queued: [], parallel: 1 }
    lines.set(key, line)
    return line
  }
  const without = (list: string[], promptId: string): void => {
    const at = list.indexOf(promptId)
    if (at >= 0) list.splice(at, 1)
  }

  return {
    admit(key, promptId, whileBusy, parallel) {
      const line = queueOf(key)
      line.parallel = parallel
      if (line.running.length < parallel && line.queued.length === 0) {
        line.running.push(promptId)
        return 'start'
      }
      if (whileBusy === 'refuse') return 'refuse'
      if (line.queued.length >= maxQueued) return 'full'
      if (whileBusy === 'queue') {
        line.queued.push(promptId)
        return 'queue'
      }
      // A prompt that interrupts goes before all waiting prompts.
      line.queued.unshift(promptId)
      return 'interrupt'
    },
    adopt: (key, promptId) => void queueOf(key).running.push(promptId),
    release(key, promptId) {
      const line = lines.get(key)
      if (!line) return []
      without(line.running, promptId)
      without(line.queued, promptId)
      const next = line.queued.splice(0, Math.max(0, line.parallel - line.running.length))
      line.running.push(...next)
      if (line.running.length === 0) lines.delete(key)
      return next
    },
    running: (key) => [...(lines.get(key)?.running ?? [])],
  }
}
