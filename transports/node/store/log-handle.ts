/** One handle on a log file that several handles of a process share. */
import { checkFence, checkPosition, storeClosed, tailPages } from '../../../src/store/rules.js'
import type { Log } from '../../../src/store/store.js'
import type { FileLog } from './log.js'

export function createFileLogHandle(file: FileLog, name: string, release: () => Promise<void>): Log {
  const what = `The log ${name}`
  let closed: Promise<void> | undefined
  const mine = new Set<() => void>()
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const read: Log['read'] = async (from, options) => {
    checkOpen()
    return await file.read(checkPosition(from, 'A position', 0), options)
  }
  const changed = (next: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        stop()
        mine.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const stop = file.watch(wake)
      mine.add(wake)
      signal?.addEventListener('abort', wake)
      if (closed || signal?.aborted || file.state().next > next) wake()
    })
  return {
    async append(entries, { fence } = {}) {
      checkOpen()
      checkFence(fence)
      return entries.length === 0 && fence === undefined ? [] : await file.append(entries, fence)
    },
    read,
    tail: (from, options = {}) => tailPages((next) => read(next, options), changed, from, options.signal),
    async trim(before) {
      checkOpen()
      await file.trim(checkPosition(before, 'A position', 0))
    },
    async state() {
      checkOpen()
      return file.state()
    },
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        for (const wake of [...mine]) wake()
        await release()
      })()
      return closed
    },
  }
}
