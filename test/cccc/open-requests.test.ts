/** The recipe of docs/cccc.md for open requests on dialect C, which takes the place of autoAck there. */
import { expect, test } from 'vitest'
import { createCccc, isCcccEvent, type CcccEvent } from '../../src/cccc/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'

test('waiting and new requests are open until they are answered [cccc.open-requests]', async () => {
  await using simulator = createCcccSimulator({ dialect: 'C' })
  await using client = createCccc({ transport: simulator.transport })
  const { group_id: groupId } = await client.groups.create({ title: 'requests' })
  for (const actorId of ['lead', 'peer1']) await client.actors.add({ groupId, actorId, runtime: 'custom', runner: 'headless' })
  const me = 'user'
  const ask = (text: string) =>
    client.messages.send({ groupId, text, by: 'lead', to: [me], messageMode: 'request_reply' }).then(({ event }) => event.id)
  const waiting = await ask('waits already')
  const answered = await ask('was answered')
  await client.messages.reply({ groupId, replyTo: answered, text: 'yes', by: me })
  await client.messages.send({ groupId, text: 'asks nothing', by: 'lead', to: [me] })

  const open = new Map<string, CcccEvent>()
  const note = (event: CcccEvent): void => {
    if (isCcccEvent(event, 'chat.reply_request.cancelled')) open.delete(event.data.source_event_id)
    if (!isCcccEvent(event, 'chat.message')) return
    const { message_mode: mode, to, reply_to: replyTo } = event.data
    if (event.by === me && replyTo) open.delete(replyTo)
    if (mode === 'request_reply' && event.by !== me && to?.includes(me)) open.set(event.id, event)
  }
  await using stream = await client.events({ groupId, kinds: ['chat.message', 'chat.reply_request.cancelled'] })
  const { messages } = await client.inbox.list({ groupId, actorId: me, limit: 200 })
  for (const event of messages) note(event)
  expect([...open.keys()]).toEqual([waiting])

  const coming = await ask('comes now')
  await client.messages.reply({ groupId, replyTo: waiting, text: 'done', by: me })
  await client.messages.send({ groupId, text: 'end', by: 'lead', to: [me] })
  for await (const item of stream) {
    if (item.type !== 'event') continue
    note(item.event)
    if (item.event.data.text === 'end') break
  }
  expect([...open.keys()]).toEqual([coming])
})
