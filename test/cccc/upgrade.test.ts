/** Another release of the daemon takes over while the client has no open stream: the client notices the new dialect. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCccc, type CcccDialect } from '../../src/cccc/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'

async function setUp(dialect: CcccDialect) {
  const simulator = createCcccSimulator({ dialect })
  const client = createCccc({ transport: simulator.transport })
  onTestFinished(async () => {
    await client.close()
    await simulator[Symbol.asyncDispose]()
  })
  const { group_id: groupId } = await client.groups.create({ title: 'upgrade' })
  await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', runner: 'headless' })
  await client.actors.add({ groupId, actorId: 'peer1', runtime: 'custom', runner: 'headless' })
  await client.describe()
  const named = (op: string): number => simulator.ledger.requests.filter((request) => request.op === op).length
  return { simulator, client, groupId, named }
}

describe('a daemon that was upgraded from B to C', () => {
  test('sends with a message mode after the first refusal [cccc.dialect-change]', async () => {
    const { simulator, client, groupId } = await setUp('B')
    simulator.restart('C')
    const { dialect, event } = await client.messages.send({ groupId, text: 'hello', to: ['peer1'], replyRequired: true })
    expect([dialect, event.data.message_mode]).toEqual(['C', 'request_reply'])
  })

  test('lists and reads the inbox with the ops of C [cccc.dialect-change]', async () => {
    const { simulator, client, groupId } = await setUp('B')
    simulator.restart('C')
    expect(await client.inbox.list({ groupId, actorId: 'peer1' })).toMatchObject({ dialect: 'C', source: 'inbox_peek' })
    simulator.restart('B')
    expect(await client.inbox.read({ groupId, actorId: 'peer1' })).toMatchObject({ dialect: 'B', source: 'inbox_list' })
    simulator.restart('C')
    expect(await client.inbox.read({ groupId, actorId: 'peer1' })).toMatchObject({ dialect: 'C', source: 'inbox_read' })
  })

  test('refuses a call that dialect C lacks as unsupported, and not as an unknown op [cccc.dialect-change]', async () => {
    const { simulator, client, groupId } = await setUp('B')
    const { event } = await client.messages.send({ groupId, text: 'x', to: ['user'], by: 'lead', priority: 'attention' })
    simulator.restart('C')
    const ack = client.messages.ack({ groupId, actorId: 'user', eventId: event.id })
    await expect(ack).rejects.toMatchObject({ name: 'IncompatibleDaemonError', code: 'unsupported', sent: 'no' })
    const marking = client.inbox.markAllRead({ groupId, actorId: 'peer1' })
    await expect(marking).rejects.toMatchObject({ name: 'IncompatibleDaemonError', code: 'unsupported' })
  })

  test('looks for a lost send where the current daemon stores it [cccc.dialect-change]', async () => {
    const { simulator, client, groupId } = await setUp('C')
    simulator.restart('B')
    const { ts: since } = await client.call('ping')
    await client.call('send', { group_id: groupId, text: 'x', to: ['user'], client_id: 'one' })
    expect((await client.messages.resolve({ groupId, clientId: 'one', since })).outcome).toBe('stored')
  })
})

describe('a daemon that was downgraded from C to B', () => {
  test('gets an attention message as an attention message, and no field is dropped [cccc.dialect-downgrade]', async () => {
    const { simulator, client, groupId, named } = await setUp('C')
    simulator.restart('B')
    const sent = await client.messages.send({ groupId, text: 'look', to: ['peer1'], priority: 'attention', replyRequired: true })
    expect(sent).toMatchObject({ dialect: 'B', dropped: [], event: { data: { priority: 'attention', reply_required: true } } })
    expect(named('send')).toBe(1)
  })

  test('gets a request for a reply as a request for a reply [cccc.dialect-downgrade]', async () => {
    const { simulator, client, groupId } = await setUp('C')
    simulator.restart('B')
    const sent = await client.messages.send({ groupId, text: 'look', to: ['peer1'], messageMode: 'request_reply' })
    expect(sent).toMatchObject({ dialect: 'B', event: { data: { reply_required: true } } })
  })

  test('is recognised by the answer to a plain message, which is sent once [cccc.dialect-downgrade]', async () => {
    const { simulator, client, groupId, named } = await setUp('C')
    simulator.restart('B')
    expect((await client.messages.send({ groupId, text: 'plain', to: ['user'] })).dialect).toBe('B')
    expect(named('send')).toBe(1)
  })

  test('acknowledges, marks as read and lists, for which C has no ops [cccc.dialect-downgrade]', async () => {
    const { simulator, client, groupId } = await setUp('C')
    simulator.restart('B')
    const { event } = await client.messages.send({ groupId, text: 'x', to: ['user'], by: 'lead', priority: 'attention' })
    simulator.restart('C')
    await client.describe({ fresh: true })
    simulator.restart('B')
    expect(await client.messages.ack({ groupId, actorId: 'user', eventId: event.id })).toMatchObject({ acked: true })
    await client.describe({ fresh: true })
    simulator.restart('C')
    await client.describe({ fresh: true })
    simulator.restart('B')
    await client.inbox.markAllRead({ groupId, actorId: 'user' })
    simulator.restart('C')
    await client.describe({ fresh: true })
    simulator.restart('B')
    expect((await client.inbox.list({ groupId, actorId: 'user' })).source).toBe('inbox_list')
  })
})

describe('a daemon of another context vocabulary', () => {
  test('that ignores ifVersion does not get ifVersion [cccc.dialect-downgrade]', async () => {
    const { simulator, client, groupId, named } = await setUp('B')
    const { version } = await client.context.get({ groupId })
    simulator.restart('A')
    const item = { op: 'vision.update', vision: 'x' }
    const guarded = client.context.sync({ groupId, ops: [item], ifVersion: String(version) })
    await expect(guarded).rejects.toMatchObject({ code: 'unsupported', sent: 'no' })
    expect(named('context_sync')).toBe(0)
  })
})

test('if the refusal is the same after the client asked for the dialect again, it is delivered and the call is not repeated [cccc.dialect-once]', async () => {
  const simulator = createCcccSimulator({ dialect: 'B', without: ['send'] })
  onTestFinished(() => simulator[Symbol.asyncDispose]())
  await using client = createCccc({ transport: simulator.transport })
  const { group_id: groupId } = await client.groups.create({ title: 'x' })
  await expect(client.messages.send({ groupId, text: 'x', to: ['user'] })).rejects.toMatchObject({ remoteCode: 'unknown_op' })
  expect(simulator.ledger.requests.filter(({ op }) => op === 'send')).toHaveLength(1)
})
