/** A turn that is cancelled before its system has the prompt. */
import { expect, test } from 'vitest'
import { createHub, type Source } from '../../src/hub/index.js'
import { deferred } from '../../src/core/deferred.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'

test('a cancel before the source has the prompt reaches the system afterwards [hub.cancel.early]', async () => {
  const system = createScriptedSystem({
    script: async (turn) => {
      await turn.whenCancelled
      turn.end()
    },
  })
  const inner = system.source()
  const gate = deferred()
  const asked = deferred()
  const source: Source = {
    ...inner,
    async prompt(prompt) {
      asked.resolve()
      await gate.promise
      await inner.prompt?.(prompt)
    },
  }
  await using hub = await createHub({ sources: [source] })
  const turn = hub.prompt('script/a', 'wait')
  await asked.promise
  await turn.cancel()
  gate.resolve()
  expect(await turn.end()).toMatchObject({ outcome: 'cancelled', sent: 'yes' })
  // The agent takes the next prompt.
  const next = hub.prompt('script/a', 'wait')
  await next.accepted()
  await next.cancel()
  expect(['yes', 'no']).toContain((await next.end()).sent)
})
