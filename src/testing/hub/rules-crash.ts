/** A hub that stops before or after any of its writes leaves nothing doubled and nothing open. */
import type { Hub } from '../../hub/hub.js'
import type { HubEvent } from '../../hub/model/event.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { createCrashingStore } from './crashing-store.js'
import { eventually, isKind, journalOf, view, type HubRulesContext } from './rules-context.js'
import { createScriptedSystem } from './scripted-system.js'

/** Checks the journal of one turn after any crash. */
function checkJournal(events: readonly HubEvent[], promptId: string, where: string): void {
  const own = events.filter(({ turn }) => turn === promptId)
  const ends = own.filter(isKind('end'))
  const starts = own.filter(isKind('turn'))
  checkEqual([ends.length, starts.length], [1, 1], `one start and one end after a stop ${where}`)
  check((own[0] as HubEvent).kind === 'turn', `the start comes first after a stop ${where}`)
  const asked = own.flatMap((event) => (event.kind === 'ask' ? [event.ask.id] : []))
  const resolved = own.flatMap((event) => (event.kind === 'ask_resolved' ? [event.askId] : []))
  checkEqual(resolved.toSorted(), asked.toSorted(), `every ask is resolved once after a stop ${where}`)
  check(own.at(-1)?.kind === 'end', `nothing of the turn comes after its end, after a stop ${where}`)
}

/** Acts as a person: answers open asks, and cancels a turn whose answer was lost. */
async function settleTurn(hub: Hub, turn: Promise<unknown>): Promise<void> {
  await using viewer = view(hub, { from: 'oldest' })
  const ended = turn.then(() => 'ended' as const)
  const resolved = viewer.until(isKind('ask_resolved')).then(
    (event) => event,
    () => undefined,
  )
  const asked = eventually(async () => (await hub.asks()).length > 0, 'an ask').then(
    () => 'asked' as const,
    () => undefined,
  )
  const first = await Promise.race([ended, resolved, asked])
  if (first === 'ended') return
  for (const ask of await hub.asks()) await hub.answer(ask.id, { accept: true }, { by: 'bob' }).catch(() => {})
  const outcome = await Promise.race([ended, resolved])
  if (typeof outcome === 'object' && 'delivered' in outcome && outcome.delivered === 'maybe') await hub.turn('p').cancel()
}

export const crashRules: readonly Case<HubRulesContext>[] = [
  {
    id: 'hub.crash.every-write',
    title: 'after a crash at any write and a restart there is one start, one end, one answer and one prompt',
    async run({ freshStore, openHub }) {
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; ; at += 1) {
          const where = `${when} write ${at}`
          await using inner = await freshStore()
          const system = createScriptedSystem({
            script: async (turn) => {
              turn.delta('half')
              const answer = await Promise.race([turn.ask({ nativeId: 'q' }), turn.whenCancelled])
              turn.say(JSON.stringify(answer ?? null))
              turn.end()
            },
          })
          const first = createCrashingStore(inner, { at, when })
          const work = (async () => {
            const hub = await openHub({ store: first.store, sources: [system.source()] })
            const turn = hub.prompt('script/a', 'x', { promptId: 'p' })
            await using viewer = view(hub)
            const ask = await Promise.race([viewer.until(isKind('ask')), turn.end()])
            if ('ask' in ask) await hub.answer(ask.ask.id, { accept: true }, { by: 'ann' })
            await turn.end()
            await eventually(async () => (await (await inner.kv('hub-turns')).get('p')) !== null, 'the record is there')
            await hub.close()
            return 'finished'
          })()
          work.catch(() => {})
          const outcome = await Promise.race([work, first.crashed.then(() => 'crashed')])
          await using hub = await openHub({ store: inner, sources: [system.source()] })
          const known = await hub
            .turn('p')
            .accepted()
            .then(
              () => true,
              () => false,
            )
          if (known) {
            const turn = hub.turn('p').end()
            await settleTurn(hub, turn)
            await turn
            checkJournal(await journalOf(hub), 'p', where)
          } else checkEqual(system.ledger.prompts.length, 0, `a prompt without a record was never sent, ${where}`)
          check(system.ledger.prompts.length <= 1, `the prompt was not sent twice, ${where}`)
          check(system.ledger.answers.length <= 1, `the ask was not answered twice, ${where}`)
          if (outcome === 'finished') {
            check(at > 10, 'the turn has more than ten writes')
            break
          }
        }
      }
    },
  },
  {
    id: 'hub.lease.one',
    title: 'a second hub on one store is refused, and takes over when the first has gone',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      const first = await openHub({ store, sources: [system.source()] })
      checkEqual((await checkRejects(openHub({ store, sources: [system.source()] }), 'conflict')).sent, 'no')
      const second = openHub({ store, sources: [system.source()], waitMs: 10_000 })
      await first.prompt('script/a', 'x', { promptId: 'p' }).end()
      await first.close()
      await using hub = await second
      checkEqual(await hub.turn('p').text(), 'echo: x')
    },
  },
  {
    id: 'hub.lease.fence',
    title: 'a hub that lost its lease stops writing and closes',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ script: () => {} })
      const problems: string[] = []
      const old = await openHub({ store, sources: [system.source()], onProblem: ({ error }) => problems.push(error.code) })
      await using log = await store.log('hub')
      // The first write of a successor: an entry with a higher fence.
      const entry = {
        v: 1,
        epoch: '',
        at: new Date().toISOString(),
        agent: 'script/a',
        origin: 'live',
        kind: 'notice',
        level: 'info',
        text: 'mine',
      }
      await log.append([new TextEncoder().encode(JSON.stringify(entry))], { fence: { key: 'driver', token: 1_000_000 } })
      await checkRejects(old.prompt('script/a', 'x').accepted(), 'conflict')
      await eventually(
        () =>
          old.agents().then(
            () => false,
            () => true,
          ),
        'the old hub is closed',
      )
      checkEqual(problems.includes('conflict'), true)
    },
  },
]
