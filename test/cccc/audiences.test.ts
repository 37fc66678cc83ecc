/** One message to two kinds of audience: what a failure of the second part says about the whole. */
import { expect, test } from 'vitest'
import { createCcccCore } from '../../src/cccc/small-client.js'
import { createDaemonKnowledge } from '../../src/cccc/daemon.js'
import { createCccc } from '../../src/cccc/index.js'
import { createMessaging } from '../../src/cccc/messages.js'
import type { MethodCall } from '../../src/cccc/methods.js'
import { SignalboxError, type Interceptor } from '../../src/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'

test('after the first part was sent, a failure never has sent: no [cccc.send-halves]', async () => {
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
  // The message to people was sent. The one to the agents is refused, because this dialect cannot ask these recipients for a reply.
  sends = 10
  const refused = client.messages.send({ groupId, text: 'report', to: ['user', '@foreman'], by: 'peer1', replyRequired: true })
  await expect(refused).rejects.toMatchObject({ code: 'invalid_argument', sent: 'yes' })
})

test('with a client id is retried if the daemon stores the id, which for other groups is only dialect C [cccc.client-id-ops]', async () => {
  const repeatable: Record<string, boolean> = {}
  for (const dialect of ['B', 'C'] as const) {
    await using simulator = createCcccSimulator({ dialect })
    await using core = createCcccCore({ transport: simulator.transport })
    const call: MethodCall = async (op, _args, options) => {
      repeatable[`${op} ${dialect}`] = options?.idempotent === true
      return {}
    }
    const daemon = createDaemonKnowledge(core)
    // As from 0.4.12 on.
    const get: typeof daemon.get = async (options) => ({ ...(await daemon.get(options)), dedupesClientIds: true })
    const messages = createMessaging(core, call, { ...daemon, get })
    const message = { groupId: 'g', text: 'x', to: ['peer1'], clientId: 'c' }
    await messages.send(message)
    await messages.reply({ ...message, replyTo: 'e' })
    await messages.sendCrossGroup({ ...message, dstGroupId: 'h' })
  }
  expect(repeatable).toEqual({
    'send B': true,
    'reply B': true,
    'send_cross_group B': false,
    'send C': true,
    'reply C': true,
    'send_cross_group C': true,
  })
})
