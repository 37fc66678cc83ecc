/**
 * One run of three hubs on one store and a manual clock, repeated with a fault at each of its store operations in turn. A viewer prompts,
 * answers, cancels, and opens and closes a session, at a hub that drives nothing, or at the hub that drives the agent; a third hub can replace the driver. The
 * model: a call that failed with `sent: 'no'` is never carried out; nothing reaches the agent twice; a prompt that was accepted has one end; a prompt or a
 * session whose caller got `sent: 'maybe'` starts within twice the call timeout or never.
 */
import { SignalboxError } from '../../src/errors.js'
import { createHubClient, createSharedHub, serveHub, type Hub, type HubEvent } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'
import { createFakeClock, memoryServer } from '../../src/testing/index.js'
import { createMachine, type Machine } from './machines.js'
import { checkJournal } from './shared-simulation.js'
import { faultyStore, type Fate } from './store-faults.js'

const LEASE_MS = 3_000
const CALL_MS = 4_000
/** Longer than a caller waits, and longer than a lease. */
const LONG_MS = 12_000

/** What happens besides at the operation: to the store for a while, or to the hub that called. */
export type Then = 'nothing' | 'server away' | 'server long away' | 'hub cut off' | 'hub killed' | 'hub stopped'

export interface Fault {
  /** The number of the operation, from 1. */
  readonly at: number
  readonly fate: Exclude<Fate, 'do'>
  readonly then: Then
}

export const FATES = ['refuse', 'drop', 'lose', 'late'] as const
export const THENS = ['nothing', 'server away', 'server long away', 'hub cut off', 'hub killed', 'hub stopped'] as const

export const nameOf = ({ at, fate, then }: Fault): string => `${at}/${fate}/${then}`

export interface RunResult {
  readonly problems: readonly string[]
  /** The operations, in order. */
  readonly operations: readonly string[]
}

type Outcome = { readonly at: number; readonly sent: 'yes' | 'no' | 'maybe' }

interface Place {
  machine: Machine
  hub: Hub | undefined
}

/** `via`: the hub that the viewer is connected to. */
export async function runWithFaults(faults: readonly Fault[], via: 'caller' | 'driver' = 'caller'): Promise<RunResult> {
  const clock = createFakeClock({ turn: () => new Promise((resolve) => setImmediate(resolve)) })
  const store = memoryStore({ clock })
  const problems: string[] = []
  const operations: string[] = []
  const sends = new Map<string, number[]>()
  const cancels: string[] = []
  /** When the agent opened a session, and when it closed one. */
  const sessions = { open: [] as number[], close: [] as number[] }
  let armed = false
  let serverBack = 0
  const cutUntil = new Map<string, number>()
  const places = new Map<string, Place>()

  const system = createScriptedSystem({
    script: async (run) => {
      if (run.prompt.text === 'ask') await Promise.race([run.ask({ nativeId: `q-${run.prompt.promptId}` }), run.whenCancelled])
      if (run.prompt.text === 'long') await run.whenCancelled
      run.say('done')
      run.end()
    },
  })
  const source = (machine: Machine) => () => {
    const inner = machine.reach(system.source())
    return {
      ...inner,
      async prompt(prompt: { readonly promptId: string }) {
        sends.set(prompt.promptId, [...(sends.get(prompt.promptId) ?? []), clock.monotonic()])
        await inner.prompt?.(prompt as never)
      },
      async cancel(given: { readonly turn: string }) {
        cancels.push(given.turn)
        await inner.cancel?.(given as never)
      },
      async openSession(...given: Parameters<NonNullable<typeof inner.openSession>>) {
        sessions.open.push(clock.monotonic())
        return (await inner.openSession?.(...given)) as { readonly id: string; readonly facts: Record<string, never> }
      },
      async closeSession(...given: Parameters<NonNullable<typeof inner.closeSession>>) {
        sessions.close.push(clock.monotonic())
        await inner.closeSession?.(...given)
      },
    }
  }
  const plan = (name: string, operation: string): Fate => {
    if (!armed) return 'do'
    operations.push(`${name} ${operation}`)
    const fault = faults.find(({ at }) => at === operations.length)
    const now = clock.monotonic()
    if (!fault) return now < serverBack || now < (cutUntil.get(name) ?? 0) ? 'refuse' : 'do'
    const machine = places.get(name)?.machine
    switch (fault.then) {
      case 'nothing':
        break
      case 'server away':
        serverBack = now + 1_000
        break
      case 'server long away':
        serverBack = now + LONG_MS
        break
      case 'hub cut off':
        cutUntil.set(name, now + LONG_MS)
        break
      case 'hub killed':
        // The hub of the viewer keeps running.
        if (name !== via) machine?.kill()
        break
      case 'hub stopped':
        machine?.stop()
        clock.after(LONG_MS, () => machine?.resume())
        break
    }
    return fault.fate
  }
  const open = async (name: string): Promise<void> => {
    const machine = createMachine({ clock, store: faultyStore(name, store, clock, plan) }, () => 0)
    const place: Place = { machine, hub: undefined }
    places.set(name, place)
    const opening = createSharedHub({
      store: machine.store,
      clock: machine.clock,
      sources: name === 'caller' ? [] : [source(machine)],
      leaseMs: LEASE_MS,
      callTimeoutMs: CALL_MS,
      resolveWithinMs: 30_000,
      name,
    })
    opening.then(
      (hub) => {
        place.hub = hub
      },
      () => {},
    )
    for (let round = 0; !place.hub && round < 40; round += 1) await clock.advance(50)
  }
  /** Lets time pass until the call has settled. */
  const settled = async <Value>(work: Promise<Value>, withinMs = 40_000): Promise<void> => {
    let over = false
    const end = (): void => {
      over = true
    }
    work.then(end, end)
    for (let ms = 0; !over && ms < withinMs; ms += 100) await clock.advance(100)
    if (!over) problems.push('a call did not settle')
  }
  const outcomeOf = async (what: string, work: Promise<unknown>): Promise<Outcome> => {
    let outcome: Outcome = { at: 0, sent: 'maybe' }
    const begun = clock.monotonic()
    const done = work.then(
      () => {
        outcome = { at: clock.monotonic(), sent: 'yes' }
      },
      (error: unknown) => {
        const sent = SignalboxError.is(error) ? error.sent : 'maybe'
        if (!SignalboxError.is(error)) problems.push(`${what} failed with ${String(error)}`)
        outcome = { at: clock.monotonic(), sent: sent === 'no' ? 'no' : 'maybe' }
      },
    )
    await settled(done)
    if (clock.monotonic() - begun > CALL_MS * 3 + LONG_MS) problems.push(`${what} took ${clock.monotonic() - begun} ms`)
    return outcome
  }

  await open('driver')
  await open('caller')
  await open('other')
  const caller = places.get(via)?.hub
  if (!caller) return { problems: ['the hubs did not open'], operations }
  await clock.advance(LEASE_MS)
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(caller, link)
  })()
  const client = createHubClient({ transport: server.transport, clock, checkEveryMs: 0 })
  const agent = system.agentId('a')
  const outcomes = new Map<string, Outcome>()
  const begun = new Map<string, number>()
  const prompt = async (id: string, text: string): Promise<void> => {
    begun.set(id, clock.monotonic())
    outcomes.set(id, await outcomeOf(`prompt ${id}`, client.prompt(agent, text, { promptId: id, by: 'ann' }).accepted()))
  }

  const opening = client.openSession(agent)
  await settled(opening)
  const { id: session } = await opening
  sessions.open = []
  armed = true
  const sessionCall = async (op: 'open' | 'close', work: Promise<unknown>) => ({
    op,
    begun: clock.monotonic(),
    ...(await outcomeOf(`${op} a session`, work)),
  })
  const sessionCalls = [await sessionCall('open', client.openSession(agent))]
  await prompt('p1', 'ask')
  await clock.advance(200)
  const [ask] = await caller.asks()
  const answer = ask && (await outcomeOf('answer', client.answer(ask.id, { accept: true }, { by: 'ann' })))
  await prompt('p2', 'long')
  await prompt('p3', 'say')
  const cancelQueued = await outcomeOf('cancel p3', client.turn('p3').cancel({ by: 'ann' }))
  const cancelRunning = await outcomeOf('cancel p2', client.turn('p2').cancel({ by: 'ann' }))
  sessionCalls.push(await sessionCall('close', client.closeSession(agent, session)))
  armed = false
  const cancelledByAnn = [...cancels]
  serverBack = 0
  cutUntil.clear()

  await clock.advance(LONG_MS)
  for (const [name, { machine }] of places) if (machine.state === 'dead') await open(name)
  await clock.advance(LEASE_MS * 3)
  const log = await store.log('hub')
  const readJournal = async (): Promise<HubEvent[]> =>
    (await log.read(0, { maxEntries: 10_000 })).entries.map(({ sequence, bytes }) => ({
      ...(JSON.parse(new TextDecoder().decode(bytes)) as HubEvent),
      seq: sequence,
    }))
  let journal = await readJournal()
  const ends = (): ReadonlySet<string> => new Set(journal.flatMap(({ kind, turn }) => (kind === 'end' && turn ? [turn] : [])))
  const openTurns = (): string[] => {
    const ended = ends()
    const started = journal.flatMap(({ kind, turn }) => (kind === 'turn' && turn ? [turn] : []))
    const accepted = [...outcomes].flatMap(([id, { sent }]) => (sent === 'yes' ? [id] : []))
    return [...new Set([...started, ...accepted, ...sends.keys()])].filter((id) => !ended.has(id))
  }
  const cancelEnd = journal.find(({ kind, turn }) => kind === 'end' && turn === 'p3')
  const askEnd = ask && journal.find((event) => event.kind === 'ask_resolved' && event.askId === ask.id)
  for (let round = 0; round < 60 && openTurns().length > 0; round += 1) {
    for (const one of await caller.asks()) caller.answer(one.id, { accept: true }, { by: 'cleaner' }).catch(() => {})
    // An answer that was lost with its hub leaves the agent waiting. The queued prompt goes on by itself.
    for (const id of openTurns().filter((one) => one !== 'p3' || round > 30))
      caller
        .turn(id)
        .cancel()
        .catch(() => {})
    await clock.advance(LEASE_MS)
    journal = await readJournal()
  }

  for (const id of openTurns()) problems.push(`${id} has no end`)
  problems.push(...checkJournal(journal))
  for (const [id, times] of sends) if (times.length > 1) problems.push(`${id} reached the agent ${times.length} times`)
  const answers = system.ledger.answers.map(({ nativeId }) => nativeId)
  if (new Set(answers).size < answers.length) problems.push(`an ask was answered twice at the agent: ${answers.join(' ')}`)
  const queued = new Set(journal.flatMap((event) => (event.kind === 'turn' && event.what === 'queued' ? [event.turn] : [])))
  for (const [id, { sent }] of outcomes) {
    const times = sends.get(id) ?? []
    if (sent === 'no' && times.length > 0) problems.push(`${id} was refused with sent: no, and reached the agent`)
    const late = times.filter((time) => time > (begun.get(id) ?? 0) + CALL_MS * 2)
    if (sent === 'maybe' && late.length > 0 && !queued.has(id))
      problems.push(`${id} started ${(late[0] ?? 0) - (begun.get(id) ?? 0)} ms after its call, and its caller had been told maybe`)
    const end = journal.find(({ kind, turn }) => kind === 'end' && turn === id)
    if (end?.kind === 'end' && end.sent === 'no' && times.length > 0)
      problems.push(`${id} ended with sent: no, and reached the agent`)
  }
  if (answer?.sent === 'no') {
    if (system.ledger.answers.some(({ by }) => by === 'ann'))
      problems.push('the answer failed with sent: no, and reached the agent')
    if (askEnd?.kind === 'ask_resolved' && askEnd.by === 'ann') problems.push('the answer failed with sent: no, and won')
  }
  for (const { op, begun: asked, sent } of sessionCalls) {
    const times = sessions[op]
    if (sent === 'no' && times.length > 0) problems.push(`the call to ${op} a session failed with sent: no, and was carried out`)
    if (sent === 'yes' && times.length === 0) problems.push(`the call to ${op} a session succeeded, and was not carried out`)
    if (times.length > 1) problems.push(`the call to ${op} a session reached the agent ${times.length} times`)
    const late = times.find((time) => time > asked + CALL_MS * 2)
    if (sent === 'maybe' && late !== undefined)
      problems.push(`the call to ${op} a session was carried out ${late - asked} ms after it`)
  }
  if (cancelQueued.sent === 'no' && cancelEnd?.kind === 'end' && cancelEnd.outcome === 'cancelled')
    problems.push('the cancel of the queued prompt failed with sent: no, and was carried out')
  if (cancelRunning.sent === 'no' && cancelledByAnn.includes('p2'))
    problems.push('the cancel of the running prompt failed with sent: no, and was carried out')
  for (const { hub } of places.values()) hub?.close().catch(() => {})
  client.close().catch(() => {})
  await server[Symbol.asyncDispose]()
  await clock.advance(LEASE_MS)
  return { problems, operations }
}
