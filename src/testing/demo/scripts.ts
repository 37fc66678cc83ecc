/** What the simulated agents of the demo say and do with a prompt. Prompts that the demo does not know get the simulator's usual answer. */
import { sleep, type Clock } from '../../core/clock.js'
import type { SimulatedAcpScript } from '../acp/agent.js'
import { scriptedModel, userTexts, type FakeModel, type FakeReply } from '../claude/fake-model.js'

const PACE_MS = 120

/** The prompts that the schedule of the demo sends. */
export const DEMO_PROMPTS = {
  backend: 'Run the tests of the payment service',
  frontend: 'Update the colours of the login page',
  migration: 'Add an index to the table orders and migrate the test database',
  review: 'Review the last commit',
  machine: 'Install the pending updates and restart the service',
  disk: 'How much disk space is left?',
  group: 'Is the release ready?',
  refactor: 'Split the parser into two modules',
} as const

/** Marks for the agents of CCC. */
export function demoCcc(prompt: string): string | undefined {
  if (prompt === DEMO_PROMPTS.backend) return '[[sleep 60]][[reply 214 tests passed, 2 were skipped. The slowest took 1.8 s.]]'
  if (prompt === DEMO_PROMPTS.frontend) return '[[sleep 90]][[reply The login page uses the new colours. I changed three files.]]'
  return undefined
}

/** Marks for the machines of CMDOP. */
export function demoCmdop(prompt: string): string | undefined {
  if (prompt === DEMO_PROMPTS.disk) {
    const tool = { tool: 'df', tool_call_id: 'df-1', args: { path: '/' } }
    const result = { ...tool, result: '61 GB of 80 GB free' }
    return `[[payload ${JSON.stringify(tool)}]][[payload ${JSON.stringify(result)}]][[say 61 GB of 80 GB are free.]]`
  }
  if (prompt === DEMO_PROMPTS.machine)
    return '[[danger apt-get upgrade && systemctl restart shop]][[say 12 packages were updated, and the service runs again.]]'
  return undefined
}

const say = (text: string): FakeReply => ({
  kind: 'answer',
  blocks: [{ type: 'text', text }],
  stopReason: 'end_turn',
  paceMs: PACE_MS,
})
const call = (text: string, name: string, input: object): FakeReply => ({
  kind: 'answer',
  blocks: [
    { type: 'text', text },
    { type: 'tool_use', id: '', name, input },
  ],
  stopReason: 'tool_use',
  paceMs: PACE_MS,
})

/** Files of the simulated Claude Code. */
export const DEMO_FILES: ReadonlyMap<string, string> = new Map([
  ['/demo/shop/schema.sql', 'create table orders (\n  id integer primary key,\n  customer integer not null\n);\n'],
  [
    '/demo/shop/src/cart.ts',
    'export function total(prices: number[]) {\n  return prices.reduce((sum, each) => sum + each, 0)\n}\n',
  ],
])

const STEPS: Readonly<Record<string, readonly FakeReply[]>> = {
  [DEMO_PROMPTS.migration]: [
    call('I will look at the table first.', 'Read', { file_path: '/demo/shop/schema.sql' }),
    call('The column customer has no index. I will add one.', 'Write', {
      file_path: '/demo/shop/migrations/0007.sql',
      content: 'create index orders_customer on orders (customer);\n',
    }),
    call('Now the migration.', 'Bash', { command: 'npm run migrate -- --database test', description: 'Migrate the test database' }),
    say('The index orders_customer exists in the test database. The query of the order page went from 480 ms to 6 ms.'),
  ],
  [DEMO_PROMPTS.review]: [
    call('I will read the changed file.', 'Read', { file_path: '/demo/shop/src/cart.ts' }),
    say('One finding: total() adds floating-point prices. Use cents as integers, or the sum of 0.1 and 0.2 is wrong.'),
  ],
}

/** The model of the simulated Claude Code: one step for each call, and the usual scripted model for other prompts. */
export const demoModel: FakeModel = (request) => {
  const steps = STEPS[userTexts(request.messages).at(-1) ?? '']
  if (!steps) return scriptedModel(request)
  const done = roundsOfLastPrompt(request.messages)
  return steps[done] ?? say('Nothing is left to do.')
}

/** Tool results since the last prompt. */
function roundsOfLastPrompt(messages: Parameters<FakeModel>[0]['messages']): number {
  let rounds = 0
  for (const { role, content } of messages) {
    if (role !== 'user') continue
    if (typeof content === 'string' || !content.some(({ type }) => type === 'tool_result')) rounds = 0
    else rounds += 1
  }
  return rounds
}

/** The agent of the Agent Client Protocol. */
export function demoAcp(clock: Clock): SimulatedAcpScript {
  return async ({ text, sessionId, signal, update, request }) => {
    const words = (said: string): Promise<void> =>
      update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: said } })
    if (text !== DEMO_PROMPTS.refactor) {
      for (const part of ['You said: ', text]) await words(part)
      return 'end_turn'
    }
    try {
      const plan = (done: number): Promise<void> =>
        update({
          sessionUpdate: 'plan',
          entries: ['Read the parser', 'Move the lexer to its own file', 'Run the tests'].map((content, index) => ({
            content,
            priority: 'medium',
            status: index < done ? 'completed' : index === done ? 'in_progress' : 'pending',
          })),
        })
      await plan(0)
      await update({
        sessionUpdate: 'tool_call',
        toolCallId: 'read',
        title: 'Read src/parser.ts',
        kind: 'read',
        status: 'in_progress',
      })
      await sleep(clock, 1_500, signal)
      await update({ sessionUpdate: 'tool_call_update', toolCallId: 'read', status: 'completed' })
      await plan(1)
      const answer = (await request('session/request_permission', {
        sessionId,
        toolCall: { toolCallId: 'edit', title: 'Write src/lexer.ts', kind: 'edit', rawInput: { path: 'src/lexer.ts', lines: 84 } },
        options: [
          { optionId: 'allow', name: 'Allow once', kind: 'allow_once' },
          { optionId: 'reject', name: 'Reject', kind: 'reject_once' },
        ],
      })) as { outcome?: { optionId?: string } }
      if (answer.outcome?.optionId !== 'allow') {
        await words('I changed nothing.')
        return 'end_turn'
      }
      await update({
        sessionUpdate: 'tool_call',
        toolCallId: 'edit',
        title: 'Write src/lexer.ts',
        kind: 'edit',
        status: 'in_progress',
      })
      await sleep(clock, 1_000, signal)
      await update({ sessionUpdate: 'tool_call_update', toolCallId: 'edit', status: 'completed' })
      await plan(2)
      await sleep(clock, 2_000, signal)
      await plan(3)
      for (const part of ['The lexer is now in src/lexer.ts. ', 'All 61 tests of the parser pass.']) await words(part)
      return 'end_turn'
    } catch (error) {
      if (signal.aborted) return 'cancelled'
      throw error
    }
  }
}
