/** The groups and actors of a CCCC daemon as agents. */
import type { CcccClient, CcccEvent, CcccEventStream, Loose } from '../../cccc/index.js'
import { systemClock, type Clock, type Timer } from '../../core/clock.js'
import type { Agent } from '../model/agent.js'
import type { Capabilities } from '../model/capabilities.js'
import type { EndEvent } from '../model/event.js'
import type { Source, SourcePrompt } from '../source.js'
import { MAIN_SESSION } from '../view.js'
import { ccccBody, ccccTextOf, isActor, replyToOf } from './cccc-events.js'
import { createEmitter } from './emitter.js'

/** Options of `ccccSource`. */
export interface CcccSourceOptions {
  /** The client of the CCCC daemon. The caller closes it. */
  readonly client: CcccClient
  /** The part of an agent id before the slash. Default `cccc`. */
  readonly name?: string
  /** How often the lists of groups and actors are read. Default 15 s. */
  readonly groupsEveryMs?: number
  /** After this time without a reply a turn ends as `unanswered`. Default 30 minutes. */
  readonly answerWithinMs?: number
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
}

/** A message that waits for its reply. */
interface Waiting {
  readonly promptId: string
  readonly agent: string
  readonly timer: Timer
}

interface Receipt {
  readonly groupId: string
  readonly clientId: string
  readonly since: string
}

const GROUP_CAN: Capabilities = {
  prompt: {},
  // Messages do not wait for each other: every reply names the message that it answers.
  queue: { depth: 1000 },
  group: { members: true, mail: true, acknowledgements: true },
}
const ACTOR_CAN: Capabilities = { prompt: {}, queue: { depth: 1000 } }

/**
 * A group is an agent, and each of its actors is one with `group`. A turn is one message: the first reply that names it ends the turn.
 * A daemon may store a reply without naming the message; then the turn ends as `unanswered` and the reply is a message of the group.
 * Long because the lists, the streams and the turns share the groups that are known.
 *
 * @example
 * ```ts
 * import { createCccc } from 'signalbox/cccc'
 * import { ccccSource, createHub } from 'signalbox/hub'
 * import { ccccDaemon } from 'signalbox/node'
 *
 * await using cccc = createCccc({ transport: ccccDaemon() })
 * await using hub = await createHub({ sources: [ccccSource({ client: cccc })] })
 * for (const { id, group } of await hub.agents()) console.log(id, group ?? 'is a group')
 * ```
 */
export function ccccSource(options: CcccSourceOptions): Source {
  const { client, name = 'cccc', groupsEveryMs = 15_000, answerWithinMs = 1_800_000, clock = systemClock } = options
  const emitter = createEmitter(clock)
  const { push, now } = emitter
  const agents = new Map<string, Agent>()
  const streams = new Map<string, CcccEventStream>()
  const waiting = new Map<string, Waiting>()
  /** Replies may come before the answer to the send that they reply to. */
  const early = new Map<string, CcccEvent>()
  let epoch = 'none'
  let dedupes = false

  const idOf = (group: string, actor?: string): string => `${name}/${group}${actor === undefined ? '' : `:${actor}`}`
  const placeOf = (agent: string): { readonly groupId: string; readonly actor: string | undefined } => {
    const [groupId = '', actor] = agent.slice(name.length + 1).split(':')
    return { groupId, actor }
  }
  const show = (agentNow: Agent): void => {
    const before = agents.get(agentNow.id)
    const mark = ({ sessions, ...rest }: Agent): string => JSON.stringify([rest, sessions[0]?.state])
    agents.set(agentNow.id, agentNow)
    if (!before || mark(before) !== mark(agentNow)) push(agentNow.id, epoch, { kind: 'agent', change: 'present', agentNow })
  }
  const agentOf = (id: string, record: Loose, can: Capabilities, more: Partial<Agent>): Agent => {
    const { title, running, runtime } = record
    const state = running === true ? 'unknown' : running === false ? 'stopped' : 'unknown'
    return {
      id,
      source: name,
      system: 'cccc',
      name: typeof title === 'string' && title !== '' ? title : id.slice(name.length + 1),
      sessions: [{ id: MAIN_SESSION, state, evidence: { from: 'polled', at: now() } }],
      can: dedupes ? { ...can, dedupe: 'by_client_id' } : can,
      facts: typeof runtime === 'string' ? { runtime } : {},
      raw: record,
      ...more,
    }
  }
  const readGroups = async (): Promise<void> => {
    const daemon = await client.describe()
    dedupes = daemon.dedupesClientIds
    const { groups } = await client.groups.list()
    const present = new Set<string>()
    for (const record of groups) {
      const groupId = String(record.group_id)
      present.add(idOf(groupId))
      show(agentOf(idOf(groupId), record, GROUP_CAN, {}))
      const { actors } = await client.actors.list({ groupId })
      for (const actor of actors as readonly Loose[]) {
        const id = idOf(groupId, String(actor.id))
        present.add(id)
        show(agentOf(id, actor, ACTOR_CAN, { group: idOf(groupId) }))
      }
      if (!streams.has(groupId)) await followGroup(groupId)
    }
    for (const id of agents.keys()) {
      if (present.has(id)) continue
      agents.delete(id)
      push(id, epoch, { kind: 'agent', change: 'gone' })
      const { groupId, actor } = placeOf(id)
      if (actor === undefined) await streams.get(groupId)?.close()
    }
  }
  const followGroup = async (groupId: string): Promise<void> => {
    const stream = await client.events({ groupId, kinds: KINDS }, { signal: emitter.signal })
    streams.set(groupId, stream)
    void (async () => {
      try {
        for await (const item of stream) {
          if (item.type === 'gap') push(idOf(groupId), epoch, { kind: 'gap', reason: item.reason })
          else take(groupId, item.event)
        }
      } catch {
        // The next reading of the groups opens it again.
      } finally {
        streams.delete(groupId)
      }
    })()
  }
  const take = (groupId: string, event: CcccEvent): void => {
    const replyTo = replyToOf(event)
    const turn = replyTo === undefined ? undefined : waiting.get(replyTo)
    const speaker = isActor(event.by) && agents.has(idOf(groupId, event.by)) ? idOf(groupId, event.by) : idOf(groupId)
    if (turn) return answered(replyTo as string, turn, event)
    if (replyTo !== undefined && isActor(event.by)) remember(replyTo, event)
    push(speaker, epoch, { ...ccccBody(event), session: MAIN_SESSION })
  }
  const remember = (replyTo: string, event: CcccEvent): void => {
    early.set(replyTo, event)
    if (early.size > 200) early.delete(early.keys().next().value as string)
  }
  const answered = (messageId: string, { promptId, agent, timer }: Waiting, event: CcccEvent): void => {
    timer.cancel()
    waiting.delete(messageId)
    const place = { session: MAIN_SESSION, turn: promptId }
    push(agent, epoch, { ...ccccBody(event), ...place })
    push(agent, epoch, { kind: 'end', outcome: 'completed', text: ccccTextOf(event), attribution: 'own', sent: 'yes', ...place })
  }
  const wait = (messageId: string, promptId: string, agent: string): void => {
    const giveUp = (): void => {
      waiting.delete(messageId)
      push(agent, epoch, { kind: 'end', outcome: 'unanswered', sent: 'yes', session: MAIN_SESSION, turn: promptId })
    }
    const pending: Waiting = { promptId, agent, timer: clock.after(answerWithinMs, giveUp) }
    waiting.set(messageId, pending)
    const reply = early.get(messageId)
    if (reply) answered(messageId, pending, reply)
  }
  /** A reply that arrived while no hub was running. */
  const findReply = async (groupId: string, message: CcccEvent): Promise<CcccEvent | undefined> => {
    const stream = await client.events({ groupId, kinds: ['chat.message'], cursor: { ts: message.ts } }, { reconnect: false })
    let timer = clock.after(QUIET_MS, () => void stream.close())
    try {
      for await (const item of stream) {
        timer.cancel()
        if (item.type === 'event' && replyToOf(item.event) === message.id) return item.event
        timer = clock.after(QUIET_MS, () => void stream.close())
      }
      return undefined
    } finally {
      timer.cancel()
      await stream.close()
    }
  }
  const send = async ({ promptId, agent, text }: SourcePrompt): Promise<void> => {
    const { groupId, actor } = placeOf(agent)
    const to = actor === undefined ? {} : { to: [actor] }
    const { event } = await client.messages.send({ groupId, text, clientId: promptId, ...to })
    wait(event.id, promptId, agent)
  }

  return {
    name,
    system: 'cccc',
    async open(sink) {
      emitter.open(sink)
      epoch = crypto.randomUUID()
      await readGroups().catch(() => {})
      emitter.poll(groupsEveryMs, readGroups, {
        away() {
          for (const agent of agents.values()) {
            const [state] = agent.sessions
            if (state) agents.set(agent.id, { ...agent, sessions: [{ ...state, state: 'offline' }] })
            emitter.state(agent.id, epoch, MAIN_SESSION, 'offline', 'polled')
          }
        },
        // The lists were read just now, and show what changed.
        back: async () => {},
      })
      return [...agents.values()]
    },
    // The daemon's clock may differ from this one, so it is asked from a minute before.
    receiptFor: ({ promptId, agent }): Receipt => ({
      groupId: placeOf(agent).groupId,
      clientId: promptId,
      since: new Date(clock.now() - 60_000).toISOString(),
    }),
    prompt: send,
    async resolve({ agent, promptId, receipt }) {
      if (!dedupes) return { outcome: 'lost', sent: 'maybe' }
      const resolution = await client.messages.resolve(receipt as Receipt)
      if (!resolution.event) return { outcome: 'not_sent' }
      const reply = await findReply(placeOf(agent).groupId, resolution.event)
      if (reply) return { outcome: 'ended', end: endOf(reply) }
      wait(resolution.event.id, promptId, agent)
      return { outcome: 'running' }
    },
    async [Symbol.asyncDispose]() {
      for (const { timer } of waiting.values()) timer.cancel()
      await Promise.all([...streams.values()].map((stream) => stream.close().catch(() => {})))
      await emitter.close()
    },
  }
}

/** Activity comes once a second and has nothing that a viewer needs. */
const KINDS = ['chat.message', 'chat.ack', 'system.notify']
const QUIET_MS = 1000

const endOf = (reply: CcccEvent): EndEvent => ({
  kind: 'end',
  outcome: 'completed',
  text: ccccTextOf(reply),
  attribution: 'own',
  sent: 'yes',
})
