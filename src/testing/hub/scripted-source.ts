/** The connection of a hub to a scripted system. */
import { SignalboxError } from '../../errors.js'
import type { Source, SourceEvent } from '../../hub/source.js'
import type { ScriptedWorld } from './scripted-world.js'

/** One connection. When another one opens, this one gets no more events. Long because every method of the source uses the connection. */
export function createScriptedSource(world: ScriptedWorld): Source {
  const native = (agent: string): string => agent.slice(world.name.length + 1)
  let connection: ScriptedWorld['connection']
  const lost = (sent: 'no' | 'maybe'): SignalboxError =>
    new SignalboxError({ code: 'closed', system: 'script', message: 'The connection broke.', sent })

  const stateOf = (agent: string) => {
    const state = world.agents.get(native(agent))
    if (state) return state
    throw new SignalboxError({ code: 'not_found', system: 'script', message: `There is no agent ${agent}.`, sent: 'no' })
  }
  const tell = (agent: string): void => {
    const agentNow = world.agentNow(native(agent))
    connection?.push({ agent, epoch: stateOf(agent).epoch, kind: 'agent', change: 'present', agentNow })
  }

  const source: Source = {
    name: world.name,
    system: 'script',
    async open(sink) {
      connection = sink
      world.connection = sink
      for (const [agent, { epoch }] of world.agents) {
        const open = [...world.asks.values()].filter((ask) => ask.agent === agent && ask.epoch === epoch)
        const nativeIds = open.map(({ event }) => (event as SourceEvent & { kind: 'ask' }).ask.nativeId)
        sink.push({ agent: `${world.name}/${agent}`, epoch, kind: 'asks_open', nativeIds })
        // A new connection gets the open asks again.
        for (const { event } of open) sink.push(event)
      }
      return [...world.agents.keys()].map(world.agentNow)
    },
    receiptFor: ({ promptId }) => ({ clientId: promptId }),
    async prompt(prompt) {
      const fault = world.faults.shift()
      if (fault === 'refuse') {
        throw new SignalboxError({
          code: 'remote',
          system: 'script',
          message: 'The system refused.',
          remoteCode: 'refused',
          sent: 'no',
        })
      }
      if (fault === 'lose-before') throw lost('maybe')
      if (world.turns.has(prompt.promptId)) return
      world.ledger.prompts.push(prompt)
      world.run(prompt)
      if (fault === 'lose-after') throw lost('maybe')
    },
    async cancel({ turn }) {
      world.ledger.cancelled.push(turn)
      world.turns.get(turn)?.cancel()
    },
    async answer(ask, nativeId, answer, by) {
      const epoch = ask.id.split('#')[1] ?? ''
      const key = `${epoch}#${nativeId}`
      const open = world.asks.get(key)
      if (!open) throw new SignalboxError({ code: 'not_found', system: 'script', message: 'No such question is open.', sent: 'no' })
      world.asks.delete(key)
      world.ledger.answers.push({ nativeId, epoch, answer, by })
      open.settle(answer)
      return { delivered: 'secret' in answer && answer.secret === 'wrong' ? 'rejected' : 'yes' }
    },
    async expire(ask, nativeId) {
      const key = `${ask.id.split('#')[1] ?? ''}#${nativeId}`
      world.ledger.expired.push(nativeId)
      world.asks.get(key)?.settle(undefined)
      world.asks.delete(key)
    },
    async resolve({ promptId }) {
      if (world.resolving.answer) return { outcome: world.resolving.answer }
      const turn = world.turns.get(promptId)
      if (!turn) return { outcome: world.ledger.prompts.some((one) => one.promptId === promptId) ? 'lost' : 'not_sent' }
      return turn.end ? { outcome: 'ended', end: turn.end } : { outcome: 'running' }
    },
    async history(agent) {
      const events = world.ledger.prompts
        .filter((prompt) => prompt.agent === agent)
        .map(
          ({ promptId, text }): SourceEvent => ({
            agent,
            epoch: world.agents.get(native(agent))?.epoch ?? '',
            turn: promptId,
            origin: 'replay',
            kind: 'message',
            id: promptId,
            role: 'user',
            text,
            how: 'replace',
            partial: false,
          }),
        )
      return { events, complete: true }
    },
    sessions: async (agent) => ['main', ...(world.agents.get(native(agent))?.sessions ?? [])].map((id) => ({ id, facts: {} })),
    async openSession(agent, wanted) {
      const id = `session-${world.ledger.opened.length + 1}`
      const state = stateOf(agent)
      world.ledger.opened.push({ agent, id, wanted })
      state.sessions = [...state.sessions, id]
      tell(agent)
      const { folder, model } = wanted
      return { id, facts: { ...(folder === undefined ? {} : { cwd: folder }), ...(model === undefined ? {} : { model }) } }
    },
    async closeSession(agent, session) {
      const state = stateOf(agent)
      if (!state.sessions.includes(session))
        throw new SignalboxError({
          code: 'not_found',
          system: 'script',
          message: `The session ${session} is not open.`,
          sent: 'no',
        })
      state.sessions = state.sessions.filter((id) => id !== session)
      tell(agent)
    },
    async [Symbol.asyncDispose]() {
      if (world.connection === connection) world.connection = undefined
    },
  }
  return source
}
