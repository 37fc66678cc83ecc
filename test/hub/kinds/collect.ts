/** Collects the events that the sources make, from recordings first and from simulators where no recording has the kind. */
import { createCcc } from '../../../src/ccc/index.js'
import { createCccc } from '../../../src/cccc/index.js'
import { createClaude } from '../../../src/claude/index.js'
import { createCmdop } from '../../../src/cmdop/index.js'
import { acpSource } from '../../../src/acp/index.js'
import {
  cccSource,
  ccccSource,
  claudeSource,
  cmdopSource,
  createHub,
  type EventKind,
  type Hub,
  type HubEvent,
  type Source,
} from '../../../src/hub/index.js'
import {
  createAcpAgentSimulator,
  createCccSimulator,
  createCcccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
} from '../../../src/testing/index.js'
import { recordedClaude } from '../../claude/recorded-cli.js'
import { recordedCcc, recordedCccc } from './recorded.js'

export interface Sample {
  /** The recording, or the simulator. */
  readonly from: string
  readonly event: HubEvent
}

/** Runs a hub over a source while `work` uses it, and gives the events that were not seen before. */
async function watched(from: string, source: Source, samples: Sample[], work: (hub: Hub) => Promise<void>): Promise<void> {
  const hub = await createHub({ sources: [source], keepRaw: true })
  const reading = (async () => {
    for await (const event of hub.watch({ from: 'oldest' })) {
      if (!samples.some((one) => one.event.kind === event.kind)) samples.push({ from, event })
    }
  })()
  try {
    await work(hub)
  } finally {
    await hub.close()
    await reading.catch(() => {})
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Ends with the turn, or after a time: some recordings end without one. */
const ended = (hub: Hub, agent: string, text: string, ms = 3000): Promise<unknown> =>
  Promise.race([
    hub
      .prompt(agent, text, { by: 'ann' })
      .end()
      .catch(() => {}),
    pause(ms),
  ])

/** Accepts every ask. */
function accepting(hub: Hub, signal: AbortSignal): void {
  void (async () => {
    for await (const event of hub.watch({ kinds: ['ask'], signal })) {
      if (event.kind !== 'ask') continue
      const { id, kind, questions } = event.ask
      const answers = Object.fromEntries((questions ?? []).map((question) => [question.id, question.options[0]?.id ?? 'x']))
      const answer = kind === 'secret' ? { secret: '1234' } : questions ? { answers } : { accept: true }
      await hub.answer(id, answer, { by: 'ann' }).catch(() => {})
    }
  })().catch(() => {})
}

async function ccc(): Promise<Sample[]> {
  const samples: Sample[] = []
  const server = recordedCcc({
    ping: 'ping',
    sessions: 'sessions-one-running',
    activity: ['activity-empty-history', 'activity-synthetic'],
    'history myproject': 'history-after-asks',
    'history lost:api': 'history-synthetic-all',
    history: 'history-empty',
    'questions myproject': ['patched-questions-pending', 'patched-questions-pending-after-first', 'questions-none'],
    questions: 'questions-none',
    subscribe: 'subscribe-all-transitions',
    send: 'send-running',
  })
  const client = createCcc({ transport: server.transport, retry: false } as never)
  const source = cccSource({ client, pollMs: 50, sessionsEveryMs: 1000, answerWithinMs: 200 })
  await watched('recordings ccc/*', source, samples, async (hub) => {
    await ended(hub, 'ccc/myproject', 'hello')
    for (let count = 0; count < 60 && samples.length < 8; count += 1) await pause(50)
  })
  await server[Symbol.asyncDispose]()
  await using simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
  await using own = createCcc({ transport: simulator.transport })
  await watched('simulator', cccSource({ client: own, pollMs: 20 }), samples, async (hub) => {
    await ended(hub, 'ccc/backend', '[[reply the tests pass]]')
  })
  return samples
}

async function cccc(): Promise<Sample[]> {
  const samples: Sample[] = []
  const group = 'g_0d74697cba9b'
  const server = recordedCccc('daemon-0.4.3', group)
  const client = createCccc({ transport: server.transport } as never)
  await watched('recording cccc/daemon-0.4.3', ccccSource({ client }), samples, async () => {
    for (let count = 0; count < 40 && samples.length < 5; count += 1) await pause(50)
  })
  await client.close().catch(() => {})
  await server[Symbol.asyncDispose]()
  await using simulator = createCcccSimulator({ dialect: 'B' })
  await using own = createCccc({ transport: simulator.transport })
  const { group_id: groupId = '' } = await own.groups.create({ title: 'team' })
  await own.actors.add({ groupId, actorId: 'lead', runtime: 'custom', runner: 'headless' })
  await watched('simulator', ccccSource({ client: own, groupsEveryMs: 100 }), samples, async (hub) => {
    await using said = await own.events({ groupId, kinds: ['chat.message'] })
    const answering = (async () => {
      for await (const item of said) {
        if (item.type !== 'event' || item.event.by === 'lead') continue
        if (item.event.data.priority === 'attention')
          await own.messages.ack({ groupId, actorId: 'lead', eventId: item.event.id, by: 'lead' })
        await own.messages.reply({ groupId, replyTo: item.event.id, by: 'lead', text: 'yes' })
      }
    })()
    answering.catch(() => {})
    await own.messages.send({ groupId, text: 'look', to: ['lead'], priority: 'attention' })
    await ended(hub, `cccc/${groupId}:lead`, 'are you there?')
    // A broken line in a stream is a gap.
    simulator.raw('broken\n')
    for (let count = 0; count < 60 && !samples.some(({ event }) => event.kind === 'gap'); count += 1) await pause(50)
    await said.close()
  })
  return samples
}

const CLAUDE_RECORDINGS = [
  'thinking-partial',
  'permission-allow',
  'error-429-then-ok',
  'subagent',
  'x-tool-progress',
  'session-state-events',
  'fallback-model',
]

async function claude(): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const name of CLAUDE_RECORDINGS) {
    const client = createClaude({
      transport: recordedClaude('2.1.329', name),
      limiter: false,
      retry: false,
      breaker: false,
    } as never)
    const source = claudeSource({ client, agents: [{ name: 'review' }] })
    await watched(`recording claude/2.1.329/${name}`, source, samples, async (hub) => {
      accepting(hub, AbortSignal.timeout(3000))
      await ended(hub, 'claude/review', 'recorded')
    })
    await client.close().catch(() => {})
  }
  const simulator = createClaudeSimulator()
  await using client = createClaude({ transport: simulator.transport })
  await watched('simulator', claudeSource({ client, agents: [{ name: 'review' }] }), samples, async (hub) => {
    accepting(hub, AbortSignal.timeout(5000))
    await ended(hub, 'claude/review', 'FAKE:write:/workspace/out.txt')
    await ended(hub, 'claude/review', 'FAKE:429')
  })
  return samples
}

async function cmdop(): Promise<Sample[]> {
  const samples: Sample[] = []
  await using core = createCmdopCoreSimulator()
  await using client = createCmdop({ transport: core.transport })
  const { items } = await client.machines.list()
  await watched('simulator, frames of cmdop/golden.json', cmdopSource({ client }), samples, async (hub) => {
    accepting(hub, AbortSignal.timeout(5000))
    const agent = `cmdop/${items[0]?.id ?? ''}`
    const golden = '[[payload {"tool":"bash","args":{"cmd":"df -h","n":[1,2.5,null,true]},"text":"x"}]]'
    const tool = '[[payload {"tool":"bash","id":"t1","args":{"cmd":"df -h"}}]]'
    await ended(hub, agent, `[[say hi ]]${golden}${tool}[[payload {"n":1}]][[confirm rm -rf build/*]]`)
    await ended(hub, agent, '[[pin 9999]][[say done]]', 8000)
    await ended(hub, agent, '[[error rate_limit boom: rate_limit]]')
  })
  await using newer = createCmdopCoreSimulator({ version: '2.0.0' })
  await using ofNewer = createCmdop({ transport: newer.transport, generation: 2 })
  await watched('simulator of core 2.0', cmdopSource({ client: ofNewer }), samples, async (hub) => {
    const [machine] = await hub.agents()
    await ended(hub, machine?.id ?? '', '[[say hi]]')
  })
  return samples
}

async function acp(): Promise<Sample[]> {
  const samples: Sample[] = []
  const simulated = createAcpAgentSimulator({
    script: async ({ update, request, sessionId }) => {
      await update({ sessionUpdate: 'available_commands_update', availableCommands: [{ name: 'plan', description: 'Plan' }] })
      await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Look.' } })
      await update({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Edit', kind: 'edit', status: 'pending' })
      await update({ sessionUpdate: 'plan', entries: [{ content: 'Look', priority: 'high', status: 'completed' }] })
      await update({ sessionUpdate: 'notice', severity: 'warning', title: 'Slow', description: 'The model is busy.' })
      await update({ sessionUpdate: 'usage_update', used: 1, size: 10, cost: { amount: 1, currency: 'USD' } })
      await request('session/request_permission', {
        sessionId,
        toolCall: { toolCallId: 't', title: 'Edit' },
        options: [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }],
      })
      return 'end_turn'
    },
  })
  await watched('simulator', acpSource({ transport: simulated.transport, cwd: '/work' }), samples, async (hub) => {
    accepting(hub, AbortSignal.timeout(3000))
    await ended(hub, 'acp/main', 'go')
  })
  return samples
}

/** The first event of each kind, for every system. */
export const SYSTEMS = { ccc, cccc, claude, cmdop, acp } as const
export type System = keyof typeof SYSTEMS

/** Kinds that a system never sends, with the reason. */
export const SILENT: Readonly<Record<System, Partial<Record<EventKind, string>>>> = {
  ccc: {
    tool: 'the history has texts only',
    plan: 'the history has texts only',
    usage: 'the server counts no tokens',
    notice: 'the server reports nothing to people',
    delivery: 'the server has no receipts',
    unknown: 'every answer of the server is known',
  },
  cccc: {
    state: 'a state comes with the list, in an `agent` event',
    tool: 'the daemon does not see the tools of its actors',
    plan: 'the daemon does not see the plans of its actors',
    ask: 'actors ask with messages',
    ask_resolved: 'actors ask with messages',
    usage: 'the daemon counts no tokens',
    unknown: 'the source asks the daemon for known kinds only',
  },
  claude: {
    plan: 'the CLI reports its plan as input of a tool',
    delivery: 'the CLI has no receipts',
    gap: 'a link that ends is the end of the turn',
  },
  cmdop: {
    plan: 'a plan is part of a confirmation',
    delivery: 'the core has no receipts',
    gap: 'a link that ends is the end of the turn',
  },
  acp: {
    delivery: 'the protocol has no receipts',
    gap: 'a link that ends is the end of the turn',
  },
}
