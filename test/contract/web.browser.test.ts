import { describe, inject, test } from 'vitest'
import { transportContract } from '../../src/testing/index.js'
import { messagePortContext, webSocketContext } from './web-contexts.js'

const contexts = [
  webSocketContext({ webSocketUrl: inject('webSocketUrl') }),
  messagePortContext({ tellsOfDeath: 'onclose' in MessagePort.prototype }),
]

for (const context of contexts) {
  describe(context.name, () => {
    for (const { id, title, skip, run } of transportContract) {
      test(`${title} [${id}]`, async (task) => {
        const why = skip?.(context)
        if (why !== undefined) return task.skip(why)
        await run(context)
      })
    }
  })
}
