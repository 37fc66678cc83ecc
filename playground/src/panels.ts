/** One panel for each system: the kinds of call that its client makes, over whatever the gateway gives. */
import { catsyphonOutbox, createCatsyphon } from 'signalbox/catsyphon'
import { createCcc } from 'signalbox/ccc'
import { createCccc } from 'signalbox/cccc'
import { createClaude } from 'signalbox/claude'
import { createCmdop } from 'signalbox/cmdop'
import type { GatewayClient } from 'signalbox/web'
import { askPerson, callForm, choice, field, make, note, noteFailure, table } from './page.js'

export type Panel = (gateway: GatewayClient, name: string, signal: AbortSignal) => Promise<HTMLElement[]>

/** Runs beside the panel until the panel is left. */
function follow(what: string, signal: AbortSignal, work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    if (!signal.aborted) noteFailure(what, error)
  })
}

const ccc: Panel = async (gateway, name, signal) => {
  const client = createCcc({ transport: gateway.ccc(name) })
  const sessions = await client.sessions({ signal })
  follow('subscribe', signal, async () => {
    for await (const event of await client.subscribe({ signal })) {
      note(event.type === 'status' ? `${event.session}: ${event.status}` : `ccc ${event.type}`)
    }
  })
  const answer = make('output')
  const ask = callForm(
    'Ask',
    [
      choice(
        'session',
        'Session',
        sessions.map((each) => each.name),
      ),
      field('text', 'Question', 'What are you working on?'),
    ],
    async (value) => {
      answer.textContent = 'Waiting…'
      const result = await client.ask({ session: value('session'), text: value('text'), from: 'playground', signal })
      answer.textContent = JSON.stringify(result, undefined, 2)
      note(`ccc ask: ${result.outcome}`)
    },
  )
  return [
    table(
      ['Session', 'State'],
      sessions.map((each) => [each.name, String(each.status ?? '')]),
    ),
    ask,
    answer,
  ]
}

const cccc: Panel = async (gateway, name, signal) => {
  const client = createCccc({ transport: gateway.cccc(name) })
  const listed = await client.groups.list({}, { signal })
  // The daemon's own records: which fields they have is its affair.
  const groups = listed.groups.map((group) => ({
    id: String(group.group_id),
    title: String(group.title),
    state: String(group.state ?? ''),
  }))
  const shown = table(
    ['Group', 'Title', 'State'],
    groups.map(({ id, title, state }) => [id, title, state]),
  )
  const first = groups[0]?.id
  if (first !== undefined) {
    follow('events', signal, async () => {
      for await (const item of await client.events({ groupId: first }, { signal })) {
        note(item.type === 'event' ? `cccc ${String(item.event.kind)} by ${String(item.event.by)}` : `cccc gap: ${item.reason}`)
      }
    })
  }
  const send = callForm(
    'Send',
    [
      choice(
        'group',
        'Group',
        groups.map(({ id }) => id),
      ),
      field('to', 'To', 'user', false),
      field('text', 'Message', 'Hello from a page'),
    ],
    async (value) => {
      await client.messages.send({ groupId: value('group'), to: value('to').split(/[ ,]+/), text: value('text') }, { signal })
      note('cccc: sent')
    },
  )
  return [shown, send]
}

const claude: Panel = async (gateway, name, signal) => {
  const client = createClaude({ transport: gateway.claude(name) })
  const answer = make('output')
  const prompt = make('textarea', { name: 'prompt', rows: '3' }, 'FAKE:bash:make release && echo hello from the agent')
  const run = callForm('Run', [make('label', { class: 'wide' }, 'Prompt', prompt)], async (value) => {
    answer.textContent = ''
    const turn = client.query(value('prompt'), {
      signal,
      canUseTool: async (tool, input) => {
        const { allowed } = await askPerson(`May Claude use ${tool}?`, JSON.stringify(input, undefined, 2))
        note(`claude: ${tool} ${allowed ? 'allowed' : 'refused'}`)
        return allowed ? { behavior: 'allow' } : { behavior: 'deny', message: 'The person at the playground said no.' }
      },
    })
    for await (const message of turn) {
      if (message.type === 'assistant') answer.append(`${message.text}\n`)
      note(`claude ${message.type}`)
    }
  })
  return [run, answer]
}

const cmdop: Panel = async (gateway, name, signal) => {
  const client = createCmdop({ transport: gateway.cmdop(name) })
  const { items } = await client.machines.list({ signal })
  const answer = make('output')
  const ask = callForm(
    'Ask',
    [
      choice(
        'machine',
        'Machine',
        items.map(({ id }) => id),
      ),
      field('prompt', 'Prompt', '[[say hello]] [[confirm restart the server]]'),
    ],
    async (value) => {
      const stream = client.machines.ask(value('machine'), value('prompt'), { signal })
      answer.textContent = await stream.collect({
        onPin: async (frame) => (await askPerson('The machine asks for a PIN.', frame.label, true)).entry,
        onConfirm: async (frame) => (await askPerson(`Confirm this plan? Danger: ${frame.dangerLevel}`, frame.plan)).allowed,
      })
      note('cmdop: done')
    },
  )
  return [
    table(
      ['Machine', 'Name'],
      items.map(({ id, name: called }) => [id, called]),
    ),
    ask,
    answer,
  ]
}

const catsyphon: Panel = async (gateway, name, signal) => {
  // The gateway has the real ones; these only say that there are some.
  const client = await createCatsyphon({
    transport: gateway.catsyphon(name),
    collectorId: 'gateway',
    apiKey: 'gateway',
    outbox: catsyphonOutbox(),
  })
  signal.addEventListener('abort', () => void client.close())
  const answer = make('output')
  const record = callForm('Record a session', [field('text', 'What was said', 'A page can log too')], async (value) => {
    const session = client.session(`playground-${crypto.randomUUID()}`)
    await session.start({ agentType: 'playground', agentVersion: '1' })
    await session.message({ role: 'user', content: value('text') })
    const report = await session.complete({ outcome: 'success' })
    answer.textContent = JSON.stringify(report, undefined, 2)
    note('catsyphon: recorded')
  })
  return [record, answer]
}

export const PANELS: Readonly<Record<string, Panel>> = { ccc, cccc, claude, cmdop, catsyphon }
