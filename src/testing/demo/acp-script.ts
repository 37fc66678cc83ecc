/** What the simulated ACP agent does with a prompt: a plan, thoughts, tools, a permission with a diff, and costs. */
import { sleep, type Clock } from '../../core/clock.js'
import type { SimulatedAcpScript, SimulatedAcpTurn } from '../acp/agent.js'

const CHUNK_MS = 60

const PLAN = ['Find the slow query', 'Add the missing index', 'Measure again']
const OPTIONS = [
  { optionId: 'once', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'always', name: 'Always allow in this session', kind: 'allow_always' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
]
const MIGRATION = {
  path: '/srv/backend/migrations/0042_orders_index.sql',
  newText: 'CREATE INDEX CONCURRENTLY orders_customer_day\n  ON orders (customer_id, created_at DESC);\n',
}

/** A turn of the simulated agent, with pauses that end when the turn is cancelled. */
interface Turn extends SimulatedAcpTurn {
  rest(ms: number): Promise<void>
}

/** What one agent has used so far. */
interface Meter {
  /** Turns so far. A turn's number makes the ids of its tools. */
  turns: number
  usd: number
  context: number
}

/** The script of the agent `editor/orders`. */
export function createAcpScript(clock: Clock): SimulatedAcpScript {
  const meter: Meter = { turns: 0, usd: 0, context: 4_200 }
  return async (simulated) => {
    const turn = { ...simulated, rest: (ms: number) => sleep(clock, ms, simulated.signal) }
    try {
      if (/time ?table|fails/i.test(turn.text)) return await failing(turn)
      return await tuning(turn, meter)
    } catch (error) {
      if (turn.signal.aborted) return 'cancelled'
      throw error
    }
  }
}

async function sendText(turn: Turn, kind: 'agent_message_chunk' | 'agent_thought_chunk', words: string): Promise<void> {
  for (const part of words.split(/(?<= )/)) {
    await turn.rest(CHUNK_MS)
    await turn.update({ sessionUpdate: kind, content: { type: 'text', text: part } })
  }
}

const plan = (turn: Turn, done: number): Promise<void> =>
  turn.update({
    sessionUpdate: 'plan',
    entries: PLAN.map((content, index) => ({
      content,
      priority: index === 1 ? 'high' : 'medium',
      status: index < done ? 'completed' : index === done ? 'in_progress' : 'pending',
    })),
  })

async function bill(turn: Turn, meter: Meter, tokens: number): Promise<void> {
  meter.context = Math.min(190_000, meter.context + tokens)
  meter.usd += tokens * 4e-6
  await turn.update({
    sessionUpdate: 'usage_update',
    used: meter.context,
    size: 200_000,
    cost: { amount: Math.round(meter.usd * 1e4) / 1e4, currency: 'USD' },
  })
}

async function tuning(turn: Turn, meter: Meter): Promise<string> {
  const { update, signal } = turn
  meter.turns += 1
  const id = `${turn.sessionId}-${meter.turns}`
  await plan(turn, 0)
  await sendText(
    turn,
    'agent_thought_chunk',
    'The page of orders reads every row of the table. An index on customer and day should be enough. I look at the query plan to be sure.',
  )
  await sendText(turn, 'agent_message_chunk', 'I look at the query plan of the order page.')
  await update({
    sessionUpdate: 'tool_call',
    toolCallId: `${id}-1`,
    title: 'Explain the order query',
    kind: 'read',
    status: 'in_progress',
    rawInput: { query: 'EXPLAIN ANALYZE SELECT * FROM orders WHERE customer_id = 7 ORDER BY created_at DESC LIMIT 20' },
    locations: [{ path: '/srv/backend/src/orders.sql' }],
  })
  await turn.rest(1_400)
  await update({
    sessionUpdate: 'tool_call_update',
    toolCallId: `${id}-1`,
    status: 'completed',
    content: [
      {
        type: 'content',
        content: {
          type: 'text',
          text: 'Seq Scan on orders  (actual time=0.02..812.4 rows=20 loops=1)\n  Rows Removed by Filter: 4182113\nExecution Time: 812.6 ms',
        },
      },
    ],
  })
  await bill(turn, meter, 2_300)
  await plan(turn, 1)
  await sendText(turn, 'agent_message_chunk', 'It reads four million rows. One index is missing; I write the migration.')
  const edit = {
    toolCallId: `${id}-2`,
    title: 'Write the migration 0042_orders_index.sql',
    kind: 'edit',
    status: 'pending',
    content: [{ type: 'diff', ...MIGRATION }],
    locations: [{ path: MIGRATION.path }],
  }
  await update({ sessionUpdate: 'tool_call', ...edit })
  const answer = (await turn.request('session/request_permission', {
    sessionId: turn.sessionId,
    toolCall: edit,
    options: OPTIONS,
  })) as {
    outcome?: { outcome?: string; optionId?: string }
  }
  if (signal.aborted || answer.outcome?.outcome === 'cancelled') {
    await update({ sessionUpdate: 'tool_call_update', toolCallId: `${id}-2`, status: 'failed' })
    return 'cancelled'
  }
  if (answer.outcome?.optionId === 'no') {
    await update({ sessionUpdate: 'tool_call_update', toolCallId: `${id}-2`, status: 'failed' })
    await sendText(turn, 'agent_message_chunk', 'I leave the table as it is. The query stays slow until an index exists.')
    return 'end_turn'
  }
  await update({ sessionUpdate: 'tool_call_update', toolCallId: `${id}-2`, status: 'in_progress' })
  await turn.rest(900)
  await update({ sessionUpdate: 'tool_call_update', toolCallId: `${id}-2`, status: 'completed' })
  await plan(turn, 2)
  await bill(turn, meter, 1_900)
  await turn.rest(600)
  await plan(turn, 3)
  await sendText(
    turn,
    'agent_message_chunk',
    'The order page now takes 3 ms in place of 812 ms. The index is built without a lock, so it can be deployed at any time.',
  )
  return 'end_turn'
}

/** A turn that ends with an error of the agent. */
async function failing(turn: Turn): Promise<string> {
  await sendText(turn, 'agent_message_chunk', 'I read the time table of the build machines.')
  await turn.rest(700)
  throw { code: -32603, message: 'The model provider closed the connection.' }
}
