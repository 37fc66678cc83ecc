/** One message to two kinds of audience: what a failure of the second part says about the whole. */
import { expect, test } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { SignalboxError, type Interceptor } from '../../src/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'

test('of which the first part went out, a failure never says that nothing was sent [cccc.send-halves]', async () => {
  await using simulator = createCcccSimulator({ dialect: 'C' })
  let sends = 0
  const secondFails: Interceptor = (call, next) => {
    if (call.op === 'send') sends += 1
    if (sends !== 2) return next(call)
    throw new SignalboxError({ code: 'unreachable', message: 'The daemon is gone.', sent: 'no' })
  }
  await using client = createCccc({ transport: simulator.transport, interceptors: [secondFails] })
  const { group_id: groupId } = await client.groups.create({ title: 'halves' })
  await client.actors.add({ groupId, actorId: 'peer1', runtime: 'custom', runner: 'headless' })
  const failed = client.messages.send({ groupId, text: 'all of you', to: ['user', 'peer1'] })
  await expect(failed).rejects.toMatchObject({ code: 'unreachable', sent: 'yes' })
  expect(sends).toBe(2)
  // Nobody can be asked for a reply there, and people were asked already.
  sends = 10
  const refused = client.messages.send({ groupId, text: 'report', to: ['user', '@foreman'], by: 'peer1', replyRequired: true })
  await expect(refused).rejects.toMatchObject({ code: 'invalid_argument', sent: 'yes' })
})
