/** Messages, inboxes, notes and profiles: one API over three dialects, and a clear refusal if a dialect lacks the op. */
import { createCccc } from '../../../src/cccc/index.js'
import { check, checkEqual, checkRejects, type Case } from '../../../src/testing/index.js'
import { newGroup, textOf, withGroup, type CcccContext } from './context.js'

export const messageCases: Case<CcccContext>[] = [
  {
    id: 'cccc.send',
    title: 'sends with the fields of the dialect and returns the event of the daemon',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const result = await client.messages.send({ groupId, text: 'hello', to: ['peer1'], priority: 'attention' })
        checkEqual(textOf(result.event), 'hello')
        checkEqual(result.event.group_id, groupId)
        checkEqual(result.dialect, context.dialect)
        checkEqual(result.dropped, context.dialect === 'C' ? ['attention'] : [])
      })
    },
  },
  {
    id: 'cccc.send-mixed',
    title: 'a message to people and agents is one send, or two if the daemon needs two',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const { events } = await client.messages.send({ groupId, text: 'all of you', to: ['user', 'peer1'], by: 'lead' })
        checkEqual(events.length, context.dialect === 'C' ? 2 : 1)
        check(
          events.every((event) => textOf(event) === 'all of you'),
          'another text',
        )
      })
    },
  },
  {
    id: 'cccc.reply-required',
    title: 'a request for a reply to @all names the actors; without recipients the daemon decides',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const { event } = await client.messages.send({ groupId, text: 'report', to: ['@all'], replyRequired: true })
        if (context.dialect === 'C') {
          checkEqual(event.data.message_mode, 'request_reply')
          checkEqual([...(event.data.to as string[])].sort(), ['lead', 'peer1'])
          const open = client.messages.send({ groupId, text: 'who?', replyRequired: true })
          if (context.asksForeman) checkEqual((await open).event.data.message_mode, 'request_reply')
          else await checkRejects(open, 'invalid_argument')
        } else checkEqual(event.data.reply_required, true)
      })
    },
  },
  {
    id: 'cccc.no-recipients',
    title: 'a message to a group without actors has no recipient, and the daemon reports this',
    async run({ transport, implementation }) {
      await using client = createCccc({ transport })
      const { group_id: groupId } = await client.groups.create({ title: 'empty' })
      const error = await checkRejects(client.messages.send({ groupId, text: 'anybody?' }))
      if (implementation !== 'rust') checkEqual(error.remoteCode, 'no_enabled_recipients')
      checkEqual(textOf((await client.messages.send({ groupId, text: 'a note', to: ['user'] })).event), 'a note')
      await client.groups.delete({ groupId })
    },
  },
  {
    id: 'cccc.reply',
    title: 'replies to a message, to its sender by default',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const asked = await client.messages.send({ groupId, text: 'done?', to: ['peer1'] })
        const { event } = await client.messages.reply({ groupId, replyTo: asked.event.id, text: 'done', by: 'peer1' })
        checkEqual(event.data.reply_to, asked.event.id)
        checkEqual(event.data.to, ['user'])
        await checkRejects(client.messages.reply({ groupId, replyTo: 'nope', text: 'x' }))
      })
    },
  },
  {
    id: 'cccc.cross-group',
    title: 'sends from one group to another, and refuses the same group before anything is sent',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const dstGroupId = await newGroup(context, client)
        const sent = await client.messages.sendCrossGroup({ groupId, dstGroupId, text: 'over there', to: ['user'] })
        checkEqual(sent.dst_event.group_id, dstGroupId)
        checkEqual(sent.dst_event.data.src_event_id, sent.src_event.id)
        await checkRejects(client.messages.sendCrossGroup({ groupId, dstGroupId: groupId, text: 'x' }), 'invalid_argument')
        await client.groups.delete({ groupId: dstGroupId }).catch(() => {})
      })
    },
  },
  {
    id: 'cccc.inbox',
    title: 'lists the unread messages of an actor, oldest first, and marks them as read',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const messageMode = context.dialect === 'C' ? 'mail' : 'send'
        for (const text of ['one', 'two']) await client.messages.send({ groupId, text, to: ['peer1'], messageMode })
        const ours = (texts: readonly string[]): string[] => texts.filter((text) => text === 'one' || text === 'two')
        const actor = { groupId, actorId: 'peer1', by: 'peer1' }
        checkEqual(ours((await client.inbox.list(actor)).messages.map(textOf)), ['one', 'two'])
        checkEqual(ours((await client.inbox.read(actor)).messages.map(textOf)), ['one', 'two'])
        checkEqual(ours((await client.inbox.list(actor)).messages.map(textOf)), [])
      })
    },
  },
  {
    id: 'cccc.inbox-human',
    title: 'shows a human the messages to them',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        await client.messages.send({ groupId, text: 'for you', to: ['user'], by: 'peer1' })
        const { messages } = await client.inbox.list({ groupId, actorId: 'user' })
        check(
          messages.some((event) => textOf(event) === 'for you'),
          'the message is missing',
        )
      })
    },
  },
  {
    id: 'cccc.ack',
    title: 'acknowledges once as the recipient; unsupported on a daemon without acknowledgements',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const { event } = await client.messages.send({ groupId, text: 'look', to: ['peer1'], priority: 'attention' })
        const args = { groupId, actorId: 'peer1', eventId: event.id }
        if (context.dialect === 'C') {
          const error = await checkRejects(client.messages.ack(args), 'unsupported')
          checkEqual([error.op, error.sent], ['chat_ack', 'no'])
          await checkRejects(client.inbox.markRead({ ...args, by: 'peer1' }), 'unsupported')
          return
        }
        checkEqual((await client.messages.ack(args)).already, false)
        checkEqual((await client.messages.ack(args)).already, true)
        checkEqual((await client.inbox.markRead({ ...args, by: 'peer1' })).ack_event, null)
        await checkRejects(client.messages.ack({ ...args, by: 'user' }), 'permission_denied')
      })
    },
  },
  {
    id: 'cccc.auto-ack',
    title: 'the recipe acknowledges waiting and new messages that request it, each once',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const acks = client.autoAck({ groupId, actorId: 'user' })[Symbol.asyncIterator]()
        if (context.dialect === 'C') {
          await checkRejects(acks.next(), 'unsupported')
          return
        }
        const ask = (text: string, to: string[]) =>
          client.messages.send({ groupId, text, to, by: 'peer1', priority: 'attention' as const })
        await ask('waiting', ['user'])
        await client.messages.send({ groupId, text: 'no hurry', to: ['user'], by: 'peer1' })
        const first = await acks.next()
        check(!first.done && first.value.type === 'acked' && textOf(first.value.event) === 'waiting', JSON.stringify(first))
        await ask('to everybody', ['@all'])
        await ask('coming', ['user'])
        const second = await acks.next()
        check(!second.done && second.value.type === 'acked' && textOf(second.value.event) === 'coming', JSON.stringify(second))
        await acks.return?.()
      })
    },
  },
  {
    id: 'cccc.note',
    title: 'adds a note with the field names of the daemon, and refuses a note that would be truncated',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const { op } = await client.context.addNote({ groupId, content: 'remember to do X' })
        checkEqual(op, context.dialect === 'A' ? 'note.add' : 'coordination.note.add')
        check(JSON.stringify(await client.context.get({ groupId })).includes('remember to do X'), 'the note is not there')
        const long = client.context.addNote({ groupId, content: 'x'.repeat(401) })
        if (context.dialect === 'A') await long
        else checkEqual((await checkRejects(long, 'invalid_argument')).sent, 'no')
      })
    },
  },
  {
    id: 'cccc.context-batch',
    title: 'a batch is applied whole or not at all; two tasks in one batch are refused before anything is sent',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const note = context.dialect === 'A' ? 'note.add' : 'coordination.note.add'
        const good = { op: note, content: 'half', kind: 'decision', summary: 'half' }
        await checkRejects(client.context.sync({ groupId, ops: [good, { op: 'bogus.op' }] }))
        check(!JSON.stringify(await client.context.get({ groupId })).includes('half'), 'half of the batch was applied')
        const task = { op: 'task.create', title: 'A', name: 'A' }
        checkEqual((await checkRejects(client.context.sync({ groupId, ops: [task, task] }), 'invalid_argument')).sent, 'no')
        const guarded = client.context.sync({ groupId, ops: [good], ifVersion: 'stale' })
        const error = await checkRejects(guarded, context.dialect === 'A' ? 'unsupported' : 'conflict')
        check(context.dialect === 'A' || error.remoteCode === 'version_conflict', String(error.remoteCode))
      })
    },
  },
  {
    id: 'cccc.profile',
    title: 'stores a profile with env like the published example, in the form that the daemon needs',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const given = { name: 'Headless', runtime: 'custom', runner: 'headless', submit: 'enter', env: { MODEL: 'gpt-5' } }
        const { profile, env } = await client.profiles.upsert({ profile: { ...given, command: ['sh', '-c', 'cat'] } })
        const profileId = String(profile.id)
        checkEqual(env, context.dialect === 'B' ? 'as secrets' : 'as given')
        await client.profiles.secretUpdate({ profileId, set: { OPENAI_API_KEY: 'sk-1234567890' } })
        const { keys } = await client.profiles.secretKeys({ profileId })
        check((keys as string[]).includes('OPENAI_API_KEY'), 'the secret is not there')
        const { profiles } = await client.profiles.list()
        check(
          (profiles as { id: string }[]).some(({ id }) => id === profileId),
          'the profile is not listed',
        )
        const stale = client.profiles.upsert({ profile: { ...given, env: {}, id: profileId }, expectedRevision: 99 })
        await checkRejects(stale, context.implementation === 'rust' ? 'invalid_argument' : 'conflict')
        await client.actors.add({ groupId, actorId: 'reviewer', profileId })
        await client.profiles.delete({ profileId, forceDetach: true })
      })
    },
  },
  {
    id: 'cccc.client-id',
    title: 'a client id makes a send repeatable only if the daemon stores it',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const { dedupesClientIds } = await client.describe()
        checkEqual(dedupesClientIds, context.dialect === 'C')
        const args = { groupId, text: 'once', to: ['peer1'], clientId: `c-${groupId}` }
        const [one, two] = [await client.messages.send(args), await client.messages.send(args)]
        checkEqual(one.event.id === two.event.id, dedupesClientIds)
        checkEqual(two.replayed === true, dedupesClientIds)
      })
    },
  },
  {
    id: 'cccc.resolve',
    title: 'finds out by its client id whether a send was stored',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const { ts: since } = await client.call('ping')
        const clientId = `r-${groupId}`
        const asked = { groupId, clientId, since, quietMs: 100 }
        if (context.dialect === 'A') {
          await checkRejects(client.messages.resolve(asked), 'unsupported')
          return
        }
        checkEqual((await client.messages.resolve(asked)).outcome, 'unseen')
        const { event } = await client.messages.send({ groupId, text: 'stored', to: ['user'], clientId })
        const found = await client.messages.resolve({ ...asked, quietMs: 5_000 })
        checkEqual([found.outcome, found.event?.id], ['stored', event.id])
      })
    },
  },
  {
    id: 'cccc.automation-empty',
    title: 'an empty list of automation actions is refused before anything is sent',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        checkEqual((await checkRejects(client.automation.manage({ groupId, actions: [] }), 'invalid_argument')).sent, 'no')
      })
    },
  },
]
