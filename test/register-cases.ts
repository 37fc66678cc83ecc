/** Registers cases, which need no test runner, with vitest. `around` makes a fresh context, runs the case in it and cleans up. */
import { it } from 'vitest'
import type { Case } from '../src/testing/case.js'

export function registerCases<Context>(
  cases: readonly Case<Context>[],
  around: (run: (context: Context) => Promise<void>) => Promise<void>,
): void {
  for (const { id, title, skip, run } of cases) {
    it(`${title} [${id}]`, async (test) => {
      let why: string | undefined
      await around(async (context) => {
        why = skip?.(context)
        if (why === undefined) await run(context)
      })
      // The skip comes last, because vitest skips by throwing and the context must be cleaned up before.
      if (why !== undefined) test.skip(why)
    })
  }
}
