/** The journal as the timeline and the cost view read it: each event once, also when the view was left and is shown again. */
import { createHub, type HubEvent, type WatchOptions } from 'signalbox/hub'
import { createScriptedSystem } from 'signalbox/testing'
import { expect, test } from 'vitest'
import { journalStart, readJournal } from '../../playground/src/views/journal.js'

test('a view that is shown again reads on from where it was left [dashboard.journal]', async () => {
  const system = createScriptedSystem()
  await using hub = await createHub({ sources: [system.source()] })
  const asked: WatchOptions[] = []
  const spied = Object.assign(Object.create(hub) as typeof hub, {
    watch(options: WatchOptions = {}) {
      asked.push(options)
      return hub.watch(options)
    },
  })
  const place = journalStart()
  const seen: HubEvent[] = []
  const read = (): (() => void) =>
    readJournal(spied, place, { kinds: ['end'], onEvents: (events) => void seen.push(...events), onState: () => {} })
  const turns = (): readonly (string | undefined)[] => seen.map(({ turn }) => turn)

  let stop = read()
  await hub.prompt('script/a', 'one', { promptId: 'one' }).end()
  await expect.poll(turns).toEqual(['one'])
  stop()
  await hub.prompt('script/a', 'two', { promptId: 'two' }).end()
  // Left and shown again at once: the first of these readers must not take what the second reads.
  stop = read()
  stop()
  stop = read()
  await expect.poll(turns).toEqual(['one', 'two'])
  await hub.prompt('script/a', 'three', { promptId: 'three' }).end()
  await expect.poll(turns).toEqual(['one', 'two', 'three'])
  stop()
  expect(asked[0]?.from).toBe('oldest')
  expect(asked.slice(1).every(({ from }) => from !== 'oldest')).toBe(true)
})
