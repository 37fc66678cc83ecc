/** What keeps this process alive: asked after each suite, so that the one which forgot something is named, and at the end. */
import { setTimeout } from 'node:timers'
import { childrenOf, descriptors, keepsAlive } from '../../contract/held.js'

const PATIENCE_MS = 10_000

const count = (kinds: readonly string[], kind: string): number => kinds.filter((one) => one === kind).length

const more = (before: readonly string[]): string[] => {
  const now = keepsAlive()
  return [...new Set(now)].flatMap((kind) => {
    const left = count(now, kind) - count(before, kind)
    return left > 0 ? [`${left} ${kind}`] : []
  })
}

/** Called before a suite. The returned function is called after it, waits a moment, and returns what is still left. */
export function watchSuite(): () => Promise<string | undefined> {
  const before = keepsAlive()
  return async () => {
    const until = performance.now() + PATIENCE_MS
    for (;;) {
      const left = more(before)
      if (left.length === 0) return undefined
      if (performance.now() > until) return `the suite left behind what keeps the process alive: ${left.join(', ')}`
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** The process must end by itself from here on. If it does not, this prints what keeps it alive; some runtimes only show descriptors. */
export function mustLeave(): void {
  setTimeout(() => {
    const children = childrenOf(process.pid).map(({ name, pid }) => `${name} (${pid})`)
    console.error(
      `the process does not end by itself. It holds: ${keepsAlive().join(', ') || 'what this runtime does not name'}; ` +
        `${descriptors()} sockets and pipes; children: ${children.join(', ') || 'none'}`,
    )
    process.exit(1)
  }, PATIENCE_MS).unref()
}
