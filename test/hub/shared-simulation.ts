/**
 * Deterministic simulation of three hubs on one store and a manual clock: a seed chooses prompts, answers, cancels, restarts of agents, kills,
 * stops and partitions of hubs. A model checks the journal, the agents and the result of each call.
 */
import { SignalboxError } from '../../src/errors.js'
import { createSharedHub, type Hub, type HubEvent } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.js'
import { createMachine, type Machine } from './machines.js'

const LEASE_MS = 3_000
/** Each hub, and the systems that it reaches. Only one hub reaches the first system. */
const PLACES = [
  ['one', 'two'],
  ['two', 'three'],
  ['three', 'two'],
] as const

interface Place {
  machine: Machine
  hub: Hub | undefined
  seen: HubEvent[]
}

/** The broken rules after a run; empty if all hold. */
export async function simulateShared(seed: number, steps = 60): Promise<string[]> {
  const random = createSeededRandom(seed)
  const below = (count: number): number => Math.floor(random() * count)
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const clock = createFakeClock({ turn })
  const store = memoryStore({ clock })
  const problems: string[] = []
  const sends: string[] = []
  const answers: string[] = []
  const systems = new Map(
    ['one', 'two', 'three'].map((name) => [
      name,
      createScriptedSystem({
        name,
        agents: ['a', 'b'],
        script: async (run) => {
          const style = Number(run.prompt.text)
          for (let count = 0; count < style; count += 1) {
            run.delta('x')
            await new Promise<void>((resolve) => void clock.after(style * 97, resolve))
          }
          if (style % 2 === 1) await Promise.race([run.ask({ nativeId: `q-${run.prompt.promptId}` }), run.whenCancelled])
          if (style % 5 === 4) await run.whenCancelled
          run.say('done')
          run.end()
        },
      }),
    ]),
  )
  const agents = [...systems.keys()].flatMap((name) => [`${name}/a`, `${name}/b`])
  const accepted = new Set<string>()
  const refused = new Map<string, number>()
  const prompts: { readonly id: string; readonly agent: string; readonly text: string }[] = []
  const quietly = (work: Promise<unknown>): void => void work.catch(() => {})

  const open = (number: number): Place => {
    const machine = createMachine({ clock, store }, random)
    const place: Place = { machine, hub: undefined, seen: [] }
    const sources = (PLACES[number] ?? []).map((name) => () => {
      const source = machine.reach((systems.get(name) as ReturnType<typeof createScriptedSystem>).source())
      return {
        ...source,
        prompt: async (prompt: { readonly promptId: string }) => {
          sends.push(prompt.promptId)
          await source.prompt?.(prompt as never)
        },
        answer: async (...given: Parameters<NonNullable<typeof source.answer>>) => {
          answers.push(given[0].id)
          return (await source.answer?.(...given)) as { readonly delivered: 'yes' }
        },
      }
    })
    const opening = createSharedHub({
      store: machine.store,
      clock: machine.clock,
      sources,
      leaseMs: LEASE_MS,
      name: `hub ${number}`,
      resolveWithinMs: 60_000,
    })
    void opening.then(
      (hub) => {
        place.hub = hub
        const follow = async (): Promise<void> => {
          for await (const event of hub.watch()) if (event.origin === 'live') place.seen.push(event)
        }
        quietly(follow())
      },
      () => {
        machine.kill()
      },
    )
    return place
  }
  const places: Place[] = PLACES.map((_, number) => open(number))
  const usable = (): Hub[] => places.flatMap(({ machine, hub }) => (hub && machine.state === 'up' ? [hub] : []))
  const some = (): Hub | undefined => usable()[below(3)] ?? usable()[0]
  const send = ({ id, agent, text }: (typeof prompts)[number]): void => {
    const hub = some()
    if (!hub) return
    hub
      .prompt(agent, text, { promptId: id })
      .accepted()
      .then(
        () => void accepted.add(id),
        (error: unknown) => {
          // `sent: no` promises that the prompt never runs, unless another call with the same id was accepted.
          if (SignalboxError.is(error) && error.sent === 'no') refused.set(id, (refused.get(id) ?? 0) + 1)
        },
      )
  }
  const tried = new Map<string, number>()
  const acts: readonly (() => void)[] = [
    () => {
      const one = { id: `p${prompts.length}`, agent: agents[below(agents.length)] ?? '', text: String(below(6)) }
      prompts.push(one)
      tried.set(one.id, 1)
      send(one)
    },
    () => {
      const again = prompts[below(prompts.length)]
      if (!again) return
      tried.set(again.id, (tried.get(again.id) ?? 0) + 1)
      send(again)
    },
    () => {
      for (const hub of usable())
        quietly(hub.asks().then(([ask]) => ask && hub.answer(ask.id, { accept: true }, { by: `${below(9)}` })))
    },
    () => {
      const one = prompts[below(prompts.length)]
      if (one) quietly(some()?.turn(one.id).cancel() ?? Promise.resolve())
    },
    () => {
      if (random() < 0.1) [...systems.values()][below(3)]?.restart(random() < 0.5 ? 'a' : 'b')
    },
    () => {
      const number = below(3)
      const place = places[number] as Place
      const fate = random()
      if (fate < 0.15) {
        place.machine.kill()
        places[number] = open(number)
      } else if (fate < 0.35) place.machine.stop()
      else if (fate < 0.55) place.machine.cut()
      else if (fate < 0.65 && place.hub && place.machine.state === 'up') {
        quietly(place.hub.close())
        places[number] = open(number)
      } else {
        place.machine.resume()
        place.machine.heal()
      }
    },
    () => {
      for (const { machine } of places) {
        if (random() < 0.5) machine.resume()
        if (random() < 0.5) machine.heal()
      }
    },
  ]
  for (let step = 0; step < steps; step += 1) {
    acts[0]?.()
    acts[below(acts.length)]?.()
    acts[below(acts.length)]?.()
    await clock.advance(below(3) === 0 ? below(LEASE_MS) : below(60))
  }
  for (const [number, { machine }] of places.entries()) {
    machine.resume()
    machine.heal()
    if (machine.state === 'dead') places[number] = open(number)
  }
  await clock.advance(LEASE_MS * 4)
  for (const [number, place] of places.entries()) if (!place.hub) problems.push(`hub ${number} did not open`)
  const hub = places[0]?.hub
  if (!hub) return problems

  const recordOf = async (id: string) => {
    let result: Awaited<ReturnType<ReturnType<Hub['turn']>['info']>> | undefined
    const found = (info: typeof result): void => {
      result = info
    }
    const asking = hub
      .turn(id)
      .info()
      .then(found, () => {})
    await clock.advance(10)
    await asking
    return result
  }
  for (const { id } of prompts) {
    let info = await recordOf(id)
    if (!info) {
      if (accepted.has(id)) problems.push(`${id} was accepted and is unknown`)
      continue
    }
    for (let round = 0; round < 60 && info && !info.end; round += 1) {
      quietly(hub.turn(id).cancel())
      for (const ask of await hub.asks()) quietly(hub.answer(ask.id, { accept: true }))
      await clock.advance(LEASE_MS)
      info = await recordOf(id)
    }
    if (!info?.end) problems.push(`${id} has no end: ${JSON.stringify(info)}`)
  }
  await clock.advance(LEASE_MS)
  const log = await store.log('hub')
  const journal: HubEvent[] = []
  for (let next = 0; ; ) {
    const page = await log.read(next, { maxEntries: 10_000 })
    for (const { sequence, bytes } of page.entries)
      journal.push({ ...(JSON.parse(new TextDecoder().decode(bytes)) as HubEvent), seq: sequence })
    if (page.entries.length === 0) break
    next = page.next
  }
  problems.push(...checkJournal(journal))
  for (const [number, { seen }] of places.entries()) problems.push(...checkViewer(journal, seen, `hub ${number}`))
  for (const [id, times] of countOf(sends)) if (times > 1) problems.push(`${id} was sent ${times} times`)
  for (const [id, times] of countOf(answers)) if (times > 1) problems.push(`${id} was answered ${times} times at the agent`)
  for (const [id, times] of refused) {
    if (times === tried.get(id) && sends.includes(id)) problems.push(`${id} was refused with sent: no, and sent`)
  }
  const ended = new Set(journal.flatMap(({ kind, turn: of }) => (kind === 'end' && of !== undefined ? [of] : [])))
  for (const id of accepted) if (!ended.has(id)) problems.push(`${id} was accepted and has no end in the journal`)
  for (const { hub: one } of places) quietly(one?.close() ?? Promise.resolve())
  await clock.advance(LEASE_MS)
  return problems
}

function countOf(list: readonly string[]): Map<string, number> {
  const count = new Map<string, number>()
  for (const one of list) count.set(one, (count.get(one) ?? 0) + 1)
  return count
}

export function checkJournal(events: readonly HubEvent[]): string[] {
  const problems: string[] = []
  const keys = events.flatMap((event) => {
    if (event.kind === 'end') return [`end of ${event.turn}`]
    if (event.kind === 'turn' && event.what === 'started') return [`start of ${event.turn}`]
    if (event.kind === 'ask') return [`ask ${event.ask.id}`]
    if (event.kind === 'ask_resolved') return [`outcome of ${event.askId}`]
    return []
  })
  for (const [key, times] of countOf(keys)) if (times > 1) problems.push(`${key} is in the journal ${times} times`)
  const asked = new Set(keys.filter((key) => key.startsWith('ask ')))
  for (const key of keys)
    if (key.startsWith('outcome of ') && !asked.has(key.replace('outcome of', 'ask'))) problems.push(`${key} without the ask`)
  const ended = new Set<string>()
  const begun = new Map<string, number>()
  for (const [index, event] of events.entries()) {
    const { kind, turn = '', agent } = event
    if (kind === 'turn' && !begun.has(turn)) begun.set(turn, index)
    if (kind === 'end' && !begun.has(turn)) problems.push(`${turn} ended before its start`)
    if (kind === 'message' && ended.has(turn)) problems.push(`${turn} spoke after its end`)
    if (kind !== 'end') continue
    ended.add(turn)
    const own = events.slice(begun.get(turn) ?? 0, index + 1).filter((one) => one.agent === agent)
    // A driver that came in between may have missed something, and says so.
    if (event.outcome !== 'completed' || own.some((one) => one.kind === 'gap')) continue
    const [start] = own
    const text = own
      .flatMap((one) => (one.kind === 'message' && one.turn === turn && one.how === 'append' ? [one.text] : []))
      .join('')
    const whole = own.filter((one) => one.kind === 'message' && one.turn === turn && one.how === 'replace').length
    const expected = start?.kind === 'turn' ? 'x'.repeat(Number(start.text)) : ''
    if (text !== expected || whole !== 1)
      problems.push(`${turn} has the deltas ${text} and ${whole} whole messages, not ${expected}`)
  }
  return problems
}

/** A viewer sees every event from its first one on, or a gap of the journal. */
export function checkViewer(journal: readonly HubEvent[], seen: readonly HubEvent[], who: string): string[] {
  const [first] = seen
  if (!first || seen.some(({ kind, agent }) => kind === 'gap' && agent === '')) return []
  const expected = journal.filter(({ seq }) => seq >= first.seq).map(({ seq }) => seq)
  const got = seen.map(({ seq }) => seq)
  if (expected.length === got.length && expected.every((seq, index) => seq === got[index])) return []
  const missing = expected.filter((seq) => !got.includes(seq))
  return [`the viewer at ${who} has ${got.length} of ${expected.length} events; the first missing one is ${missing[0]}`]
}
