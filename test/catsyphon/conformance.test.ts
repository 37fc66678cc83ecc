/** The conformance suite on the three generations of the server. */
import { describe, test } from 'vitest'
import { cases } from '../conformance/catsyphon.js'

describe.each(['sequence', 'transitional', 'current'] as const)('on the %s server', (generation) => {
  for (const { id, title, skip, run } of cases) {
    test(`[${id}] ${title}`, async ({ skip: skipTest }) => {
      const context = { generation }
      const why = skip?.(context)
      if (why !== undefined) skipTest(why)
      await run(context)
    })
  }
})
