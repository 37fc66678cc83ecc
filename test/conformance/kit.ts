/** What the conformance suites share. Portable: the suites also run in workers and pages. */
import { check } from '../../src/testing/index.js'

/** Repeats the check until its result is truthy, and returns it. Fails after a time, and names the missing result. */
export async function until<Answer>(ask: () => Answer | Promise<Answer>, what: string, patienceMs = 20_000): Promise<Answer> {
  const endsAt = performance.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    check(performance.now() < endsAt, `never came: ${what}`)
    // A timer, because links in memory run in microtasks and would not let a loop without a timer make progress.
    await new Promise((resolve) => void setTimeout(resolve, 2))
  }
}
