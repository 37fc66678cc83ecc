/** Streams: no event lost at the start, none lost or duplicated over a resume, gaps reported. */
import { check, checkEqual, checkRejects, type Case } from '../../../src/testing/index.js'
import { addShell, readTexts, textOf, withGroup, type CcccContext } from './context.js'

const KINDS = ['chat.message']

export const streamCases: Case<CcccContext>[] = [
  {
    id: 'cccc.handshake-gap',
    title: 'a message sent right after the handshake arrives once in every round',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        for (let round = 0; round < (context.rounds ?? 5); round += 1) {
          await using stream = await client.events({ groupId, kinds: KINDS })
          const texts = [`first ${round}`, `second ${round}`]
          for (const text of texts) await client.messages.send({ groupId, text, to: ['user'] })
          checkEqual(await readTexts(stream, 2), texts, `round ${round}`)
        }
      })
    },
  },
  {
    id: 'cccc.resume',
    title: 'continues from a stored cursor with the events since then, each once, without a gap',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const say = (text: string) => client.messages.send({ groupId, text, to: ['user'] })
        const first = await client.events({ groupId, kinds: KINDS })
        await say('a')
        await say('b')
        checkEqual(await readTexts(first, 2), ['a', 'b'])
        await first.close()
        const stored = JSON.parse(JSON.stringify(first.cursor)) as NonNullable<typeof first.cursor>
        for (const text of ['c', 'd', 'e']) await say(text)
        await using second = await client.events({ groupId, kinds: KINDS, cursor: stored })
        await say('f')
        checkEqual(await readTexts(second, 4), ['c', 'd', 'e', 'f'])
      })
    },
  },
  {
    id: 'cccc.resume-gap',
    title: 'a cursor that the daemon no longer finds gives a gap',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const ts = (await client.call('ping')).ts
        const lost = { eventId: '0'.repeat(32), ts, before: { eventId: '1'.repeat(32), ts } }
        await using stream = await client.events({ groupId, kinds: KINDS, cursor: lost })
        await client.messages.send({ groupId, text: 'after', to: ['user'] })
        const seen: string[] = []
        for await (const item of stream) {
          seen.push(item.type === 'gap' ? `gap ${item.reason}` : textOf(item.event))
          if (item.type === 'event') break
        }
        checkEqual(seen, ['gap expired', 'after'])
      })
    },
  },
  {
    id: 'cccc.view',
    title: 'an actor sees the messages to it, and a human sees all messages',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        await using mine = await client.events({ groupId, by: 'peer1', kinds: KINDS })
        await using all = await client.events({ groupId, kinds: KINDS })
        await client.messages.send({ groupId, text: 'for lead', to: ['lead'] })
        await client.messages.send({ groupId, text: 'for peer1', to: ['peer1'] })
        checkEqual(await readTexts(mine, 1), ['for peer1'])
        checkEqual(await readTexts(all, 2), ['for lead', 'for peer1'])
      })
    },
  },
  {
    id: 'cccc.stream-refused',
    title: 'a stream that cannot be opened fails with the reason, and is not retried',
    skip: ({ streams }) => (streams === false ? 'this daemon is polled' : undefined),
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const missing = await checkRejects(client.events({ groupId: 'g_000000000000' }), 'not_found')
        checkEqual(missing.remoteCode, 'group_not_found')
        await checkRejects(client.events({ groupId, kinds: ['x.none'] }), 'invalid_argument')
        await checkRejects(client.events({ groupId, by: 'stranger' }), 'not_found')
      })
    },
  },
  {
    id: 'cccc.stream-abort',
    title: 'an abort ends a stream that waits, with the reason of the caller',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const controller = new AbortController()
        const stream = await client.events({ groupId, kinds: KINDS }, { signal: controller.signal })
        const next = stream[Symbol.asyncIterator]().next()
        const reason = new Error('enough')
        controller.abort(reason)
        checkEqual((await checkRejects(next, 'aborted')).cause, reason)
      })
    },
  },
  {
    id: 'cccc.stream-close',
    title: 'closing a stream ends its loop without an error; closing the client ends every stream',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const stream = await client.events({ groupId, kinds: KINDS })
        const next = stream[Symbol.asyncIterator]().next()
        await stream.close()
        checkEqual((await next).done, true)
        const other = await client.events({ groupId, kinds: KINDS })
        const waiting = checkRejects(other[Symbol.asyncIterator]().next(), 'closed')
        await client.close()
        await waiting
      })
    },
  },
  {
    id: 'cccc.terminal',
    title: 'an attached terminal carries bytes in both directions with split characters whole, and ends with its client',
    async run(context) {
      await withGroup(context, async (fixture) => {
        await addShell(context, fixture)
        const { client, groupId } = fixture
        await client.terminal.resize({ groupId, actorId: 'shell1', cols: 100, rows: 30 })
        await using channel = await client.terminal.attach({ groupId, actorId: 'shell1' })
        checkEqual(channel.handshake.actor_id, 'shell1')
        const typed = new TextEncoder().encode('echo-\u{1F6E4}\r')
        // In the middle of the character.
        await channel.link.write(typed.slice(0, 7))
        await channel.link.write(typed.slice(7))
        const decoder = new TextDecoder()
        let screen = ''
        while (screen.split('echo-\u{1F6E4}').length < 3) {
          const chunk = await channel.link.read()
          check(chunk !== null, `the terminal ended: ${JSON.stringify(screen)}`)
          screen += decoder.decode(chunk, { stream: true })
        }
        await checkRejects(client.terminal.attach({ groupId, actorId: 'ghost' }))
      })
    },
  },
]
