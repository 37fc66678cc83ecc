/** The cases that every source passes, over its simulator or its real system. */
import type { Hub } from '../../hub/hub.js'
import { createHub } from '../../hub/create-hub.js'
import type { AgentId } from '../../hub/model/agent.js'
import type { Answer, Ask } from '../../hub/model/ask.js'
import type { HubEvent, HubEventOf } from '../../hub/model/event.js'
import type { Source } from '../../hub/source.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { eventually, isKind, journalOf, view } from './rules-context.js'

/** One system that the cases use. */
export interface SourceSuiteContext {
  /** A source that no hub has opened yet. */
  readonly source: Source
  /** The agent that the cases prompt. */
  readonly agent: AgentId
  /** A prompt, and a part of its answer. */
  readonly prompt: { readonly text: string; readonly answer: string }
  /** A prompt that makes the agent ask, and the answer to the ask. Leave it out if the system has no such prompt. */
  readonly asking?: { readonly text: string; answer(ask: Ask): Answer }
  /** A prompt whose turn lasts until it is cancelled. Leave it out if turns cannot be cancelled. */
  readonly lasting?: string
}

/** The agent as the hub shows it. */
async function agentOf(hub: Hub, id: AgentId) {
  await eventually(async () => (await hub.agents()).some((agent) => agent.id === id), `${id} is there`)
  const agent = (await hub.agents()).find((one) => one.id === id)
  check(agent !== undefined, `${id} is there`)
  return agent
}

const inTurn =
  (promptId: string) =>
  (event: HubEvent): boolean =>
    event.turn === promptId

/** Checks the events of one turn of any system. */
function checkTurn(events: readonly HubEvent[], promptId: string): void {
  const own = events.filter(inTurn(promptId))
  checkEqual([own[0]?.kind, own.at(-1)?.kind], ['turn', 'end'], 'a turn starts with its start and ends with its end')
  checkEqual(own.filter(isKind('end')).length, 1, 'a turn has one end')
  check(
    own.every(({ epoch, kind }) => kind === 'turn' || epoch !== ''),
    'every event of the system has an epoch',
  )
  const last = new Map<string, HubEventOf<'message'>>()
  for (const event of own) if (event.kind === 'message') last.set(`${event.role} ${event.id}`, event)
  for (const { how, partial } of last.values()) check(how !== 'append' && !partial, 'every streamed message is closed')
  const asked = own.flatMap((event) => (event.kind === 'ask' ? [event.ask.id] : []))
  const resolved = own.flatMap((event) => (event.kind === 'ask_resolved' ? [event.askId] : []))
  checkEqual(resolved.toSorted(), asked.toSorted(), 'every ask of the turn is resolved once')
}

const withHub = async (source: Source, run: (hub: Hub) => Promise<void>): Promise<void> => {
  await using hub = await createHub({ sources: [source] })
  await run(hub)
}

/**
 * The cases that every source of a hub passes, over its simulator or its real system. Run them with `runCases` or in a test runner.
 */
export const sourceSuite: readonly Case<SourceSuiteContext>[] = [
  {
    id: 'source.list',
    title: 'the agent is listed with its source, system and capabilities',
    run: ({ source, agent }) =>
      withHub(source, async (hub) => {
        const found = await agentOf(hub, agent)
        checkEqual(found.source, source.name)
        // Behind another hub, an agent keeps the name of its own system.
        if (source.system !== 'hub') checkEqual(found.system, source.system)
        check(found.can.prompt !== undefined, 'the agent takes prompts')
        check(found.name !== '', 'the agent has a name')
      }),
  },
  {
    id: 'source.prompt',
    title: 'a prompt is one turn with one end, and its text is the answer',
    run: ({ source, agent, prompt }) =>
      withHub(source, async (hub) => {
        await agentOf(hub, agent)
        const turn = hub.prompt(agent, prompt.text, { promptId: 'suite-prompt' })
        const end = await turn.end()
        checkEqual([end.outcome, end.sent], ['completed', 'yes'])
        check((await turn.text()).includes(prompt.answer), `the answer holds ${prompt.answer}: ${await turn.text()}`)
        checkTurn(await journalOf(hub), 'suite-prompt')
      }),
  },
  {
    id: 'source.follow',
    title: 'another viewer follows the turn from a cursor and sees the same events',
    run: ({ source, agent, prompt }) =>
      withHub(source, async (hub) => {
        await agentOf(hub, agent)
        await using first = view(hub, { from: 'oldest' })
        const turn = hub.prompt(agent, prompt.text, { promptId: 'suite-follow' })
        const start = await first.until(isKind('turn'))
        await using second = view(hub, first.cursor ? { from: first.cursor } : {})
        await turn.end()
        const end = await second.until(isKind('end'))
        await first.until(isKind('end'))
        const between = ({ seq }: HubEvent): boolean => seq > start.seq && seq <= end.seq
        const seqs = (events: readonly HubEvent[]): number[] => events.filter(between).map(({ seq }) => seq)
        const late = second.events[0]?.seq ?? 0
        checkEqual(
          seqs(second.events),
          seqs(first.events).filter((seq) => seq >= late),
        )
      }),
  },
  {
    id: 'source.ask',
    title: 'an ask arrives in its turn, and the turn continues after the answer',
    skip: ({ asking }) => (asking ? undefined : 'this system asks nothing here'),
    run: ({ source, agent, asking }) =>
      withHub(source, async (hub) => {
        const { can } = await agentOf(hub, agent)
        const turn = hub.prompt(agent, asking?.text ?? '', { promptId: 'suite-ask', by: 'suite' })
        await eventually(async () => (await hub.asks()).length > 0, 'an ask is open')
        const [ask] = await hub.asks()
        check(ask !== undefined && can.asks?.kinds.includes(ask.kind) === true, `the capability names the kind ${ask?.kind}`)
        const result = await hub.answer(ask.id, asking?.answer(ask) ?? { accept: true }, { by: 'suite' })
        check(result.delivered !== 'yes' || can.asks?.confirmsDelivery === true, 'delivery is only confirmed where the system can')
        await turn.end()
        const resolved = (await journalOf(hub)).find(isKind('ask_resolved'))
        check(resolved?.kind === 'ask_resolved' && resolved.by === 'suite', 'the journal says who answered')
        checkTurn(await journalOf(hub), 'suite-ask')
      }),
  },
  {
    id: 'source.cancel',
    title: 'a cancelled turn ends once, and the session continues if the capability says so',
    skip: ({ lasting }) => (lasting === undefined ? 'this system cannot cancel' : undefined),
    run: ({ source, agent, lasting = '', prompt }) =>
      withHub(source, async (hub) => {
        const { can } = await agentOf(hub, agent)
        check(can.cancel !== undefined, 'the capability is claimed')
        const turn = hub.prompt(agent, lasting, { promptId: 'suite-cancel' })
        await turn.accepted()
        // The system must have the prompt before it can cancel the turn.
        await eventually(
          async () => (await journalOf(hub)).some((event) => event.turn === 'suite-cancel' || event.kind === 'state'),
          'it runs',
        )
        await new Promise<void>((resolve) => void setTimeout(resolve, 100))
        await turn.cancel({ by: 'suite' })
        checkEqual((await turn.end()).outcome, 'cancelled')
        checkTurn(await journalOf(hub), 'suite-cancel')
        if (can.cancel.keepsSession) checkEqual((await hub.prompt(agent, prompt.text).end()).outcome, 'completed')
      }),
  },
  {
    id: 'source.past',
    title: 'history and sessions are given if the agent has the capability, else they fail as unsupported with sent: no',
    run: ({ source, agent, prompt }) =>
      withHub(source, async (hub) => {
        const { can } = await agentOf(hub, agent)
        await hub.prompt(agent, prompt.text).end()
        if (can.history) {
          const { events } = await hub.history(agent, { limit: 50 })
          check(events.length > 0, 'there is a history')
          check(
            events.every(({ origin, agent: of }) => origin === 'replay' && of === agent),
            'every event is a replay of this agent',
          )
        } else checkEqual((await checkRejects(hub.history(agent), 'unsupported')).sent, 'no')
        if (can.sessions?.list) check((await hub.sessions(agent)).length > 0, 'there is a session')
        else checkEqual((await checkRejects(hub.sessions(agent), 'unsupported')).sent, 'no')
      }),
  },
  {
    id: 'source.sessions',
    title:
      'a session is opened, prompted, forked and closed where the agent has the capability, else the call fails as unsupported with sent: no',
    run: ({ source, agent, prompt }) =>
      withHub(source, async (hub) => {
        const { can } = await agentOf(hub, agent)
        const { create, fork, close, choices = {} } = can.sessions ?? {}
        const listed = async (id: string): Promise<boolean> => (await agentOf(hub, agent)).sessions.some((one) => one.id === id)
        if (!create) {
          checkEqual((await checkRejects(hub.openSession(agent), 'unsupported')).sent, 'no')
          checkEqual((await checkRejects(hub.closeSession(agent, 'main'), 'unsupported')).sent, 'no')
          return
        }
        checkEqual((await checkRejects(hub.openSession(agent, { folder: '/not/offered' }), 'invalid_argument')).sent, 'no')
        checkEqual((await checkRejects(hub.openSession(agent, { model: 'not-offered' }), 'invalid_argument')).sent, 'no')
        const [folder] = choices.folders ?? []
        const [model] = choices.models ?? []
        const { id } = await hub.openSession(agent, { folder, model })
        await eventually(() => listed(id), 'the new session is listed')
        checkEqual((await hub.prompt(agent, prompt.text, { session: id }).end()).outcome, 'completed')
        if (fork) {
          const other = await hub.openSession(agent, { fork: id })
          check(other.id !== id, 'a fork is another session')
          const end = await hub.prompt(agent, prompt.text, { session: other.id }).end()
          checkEqual(end.outcome, 'completed')
        } else checkEqual((await checkRejects(hub.openSession(agent, { fork: id }), 'unsupported')).sent, 'no')
        if (!close) return void checkEqual((await checkRejects(hub.closeSession(agent, id), 'unsupported')).sent, 'no')
        await hub.closeSession(agent, id)
        await eventually(async () => !(await listed(id)), 'the closed session is gone')
      }),
  },
  {
    id: 'source.capability',
    title: 'a source has the method of every capability that an agent claims',
    run: ({ source, agent }) =>
      withHub(source, async (hub) => {
        const { can } = await agentOf(hub, agent)
        // A source may have more methods than one of its agents claims.
        check(!can.prompt || source.prompt !== undefined, 'a source whose agents take prompts has prompt')
        check(!can.cancel || source.cancel !== undefined, 'a source whose turns can be stopped has cancel')
        check(!can.asks?.answerable || source.answer !== undefined, 'a source whose asks can be answered has answer')
        check(!can.history || source.history !== undefined, 'a source with a past has history')
        check(can.dedupe === undefined || source.resolve !== undefined, 'a source that can find a prompt again has resolve')
        if (!can.cancel) {
          const turn = hub.prompt(agent, 'hello')
          await turn.accepted()
          const refused = await turn.cancel().then(
            () => 'over',
            (error: unknown) => (error as { code: string }).code,
          )
          check(refused === 'unsupported' || refused === 'over', `a turn that cannot be stopped says so: ${refused}`)
        }
      }),
  },
  {
    id: 'source.close',
    title: 'a closed hub leaves no part of the source running',
    run: async ({ source, agent, prompt }) => {
      const hub = await createHub({ sources: [source] })
      await agentOf(hub, agent)
      await hub.prompt(agent, prompt.text).accepted()
      await hub.close()
      await checkRejects(hub.agents(), 'closed')
    },
  },
]
