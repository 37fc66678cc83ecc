/** The commands, step by step as a real server runs them. Times are milliseconds of a real server. */
import { compact, type Request } from './go-json.js'
import { previewOf } from './history.js'
import { tmuxOf, type SimulatedSession, type World } from './world.js'
import type { Pane } from './agent.js'

export type Answer = Record<string, unknown>

type Session = Required<SimulatedSession>

const fail = (error: string): Answer => ({ ok: false, error })
const ok = (fields: Answer = {}): Answer => ({ ok: true, ...compact(fields) })

const QUESTIONS_EXPIRE_SECONDS = 300
const TMUX_BYTES = 16_346
const ARGUMENT_BYTES = 131_072
const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength

/** True when this generation has the command. */
export function knows(world: World, cmd: string): boolean {
  const january = ['sessions', 'ask', 'send', 'history', 'subscribe']
  if (january.includes(cmd)) return true
  if (world.generation === 'january') return false
  if (cmd === 'ping' || cmd === 'screenshot') return true
  return world.generation !== 'february' && ['continue', 'activity', 'questions', 'answer'].includes(cmd)
}

function find(world: World, name: string): Session | undefined {
  const session = world.sessions.get(name)
  return session?.deleted ? undefined : session
}

const live = (world: World): Session[] => [...world.sessions.values()].filter(({ deleted }) => !deleted)

/** `sessions` and `subscribe` look for the full name, so a name with a host or a slash is never found. */
export function statusOf(world: World, session: Session, absent: string): string {
  const { name } = session
  const pane = /[/:]/.test(name) ? undefined : world.findPane(`claude-${name}`)
  if (!pane) return absent
  return pane.busy ? 'active' : 'idle'
}

/** The longest wait for one host when sessions are listed. */
const LOOK_LIMIT_MS = 5_000

async function hostDelay(world: World, session: Session, limitMs = Number.POSITIVE_INFINITY): Promise<string | undefined> {
  if (session.host === 'local') return undefined
  const host = world.host(session.host)
  if (typeof host === 'string') {
    await world.wait(200)
    return undefined
  }
  await world.wait(Math.min(host.afterMs, limitMs))
  return host.fails
}

export async function runCommand(world: World, request: Request): Promise<Answer> {
  const { cmd } = request
  switch (cmd) {
    case 'ping':
      return ping(world)
    case 'sessions':
      return listSessions(world)
    case 'ask':
      return ask(world, request)
    case 'send':
      return send(world, request)
    case 'history':
      return history(world, request)
    case 'continue':
      return restart(world, request)
    case 'activity':
      return activity(world)
    case 'screenshot':
      return screenshot(world, request)
    case 'questions':
      return questions(world, request)
    case 'answer':
      return answer(world, request)
    default:
      return fail('unknown command')
  }
}

function ping(world: World): Answer {
  const { generation } = world
  const version = generation === '1.12.5' || generation === '1.13.3' ? generation : '1.0.0'
  return ok({ version, uptime_seconds: world.uptimeSeconds(), sessions_active: live(world).length })
}

async function listSessions(world: World): Promise<Answer> {
  const sessions: Answer[] = []
  for (const session of live(world)) {
    if (session.host !== 'local' && world.host(session.host) !== 'unconfigured') await hostDelay(world, session, LOOK_LIMIT_MS)
    const { name, host, path, topic } = session
    const old = world.generation === 'january'
    const more = old ? {} : compact({ cwd: path, last_activity: world.history.touchedAt(topic) })
    sessions.push({ name, host, status: statusOf(world, session, 'idle'), ...more })
  }
  return ok({ sessions })
}

function history(world: World, request: Request): Answer {
  if (request.session === '') return fail('session required')
  const session = find(world, request.session)
  if (!session) return fail('session not found')
  const filter = world.generation === 'january' ? '' : request.from_filter
  const limit = request.limit <= 0 ? 100 : request.limit
  const kept = world.history.read(session.topic).filter(({ id, from }) => id > request.after && (filter === '' || from === filter))
  return ok({ messages: kept.slice(-limit) })
}

function activity(world: World): Answer {
  const list = live(world).map(({ name, topic }) => {
    const last = world.history.last(topic)
    const shown = last ? compact({ lastFrom: last.from, lastText: previewOf(last) }) : {}
    return { name, lastMessageId: last?.id ?? 0, lastMessageTs: last?.ts ?? 0, ...shown }
  })
  return ok({ activity: list })
}

/** Starts the agent if it does not run. Returns the error if it cannot be started. */
async function ready(world: World, session: Session): Promise<string | undefined> {
  let pane = world.findPane(tmuxOf(session.name))
  if (!pane) {
    const broken = await hostDelay(world, session)
    if (broken !== undefined) return `failed to start session: failed to create tmux session: ${broken}`
    await world.wait(session.host === 'local' ? 5_200 : 9_000)
    pane = world.startPane(session)
  }
  // The server looks at the screen, so just after a crash it takes the agent for running.
  if (pane.running || pane.looksAlive) return undefined
  await world.wait(3_000)
  return 'failed to restart Claude'
}

interface Delivered {
  readonly session: Session
  readonly pane: Pane
  readonly id: number
  readonly typedAt: number
}

/** The steps that `ask` and `send` share. A failure after the message was stored leaves it stored. */
async function deliver(world: World, request: Request): Promise<Delivered | string> {
  const { session: name, text, from } = request
  if (name === '' || text === '') return 'session and text required'
  const session = find(world, name)
  if (!session) return 'session not found'
  const january = world.generation === 'january'
  const unconfigured = session.host !== 'local' && world.host(session.host) === 'unconfigured'
  if (unconfigured && !january) return 'host not configured'
  if (!january) {
    const problem = await ready(world, session)
    if (problem !== undefined) return problem
  }
  if (world.telegramMs > 0) await world.wait(world.telegramMs)
  const id = world.nextId()
  world.store(session, { id, from: 'api', text, agent: from === '' ? 'api' : from })
  if (unconfigured) return 'host not configured'
  const problem = typingProblem(world, session, text)
  if (problem !== undefined) return `failed to send: ${problem}`
  const pane = world.findPane(tmuxOf(name))
  if (!pane) return 'failed to send: exit status 1'
  // tmux removes a `;` at the end.
  pane.type(text.endsWith(';') ? text.slice(0, text.endsWith('\\;') ? -2 : -1) + (text.endsWith('\\;') ? ';' : '') : text)
  world.ledger.push({ effect: 'typed', session: name, text, from: from === '' ? 'api' : from, id })
  const typedAt = world.seconds()
  await world.wait(session.host === 'local' ? 2_000 : 2_600)
  pane.enter()
  pane.enter()
  return { session, pane, id, typedAt }
}

function typingProblem(world: World, session: Session, text: string): string | undefined {
  if (text.includes('\0')) return 'fork/exec /usr/bin/tmux: invalid argument'
  if (bytesOf(text) >= ARGUMENT_BYTES) return 'fork/exec /usr/bin/tmux: argument list too long'
  if (text.startsWith('-') || bytesOf(text) > TMUX_BYTES - bytesOf(tmuxOf(session.name))) return 'exit status 1'
  return world.findPane(tmuxOf(session.name)) ? undefined : 'exit status 1'
}

async function send(world: World, request: Request): Promise<Answer> {
  const delivered = await deliver(world, request)
  return typeof delivered === 'string' ? fail(delivered) : ok({ message_id: delivered.id })
}

const LOOK_EVERY_MS = 2_000
const ASK_LIMIT_MS = 300_000

async function ask(world: World, request: Request): Promise<Answer> {
  let waited = 0
  const wait = async (ms: number): Promise<void> => {
    await world.wait(ms)
    waited += ms
  }
  const delivered = await deliver(world, request)
  if (typeof delivered === 'string') return fail(delivered)
  const { session, pane, typedAt } = delivered
  await wait(500)
  let idle = 0
  while (idle < 2) {
    await wait(LOOK_EVERY_MS)
    idle = pane.busy ? 0 : idle + 1
    if (waited > ASK_LIMIT_MS) return fail('timeout waiting for response')
  }
  const duration_ms = waited + 2_062 + world.telegramMs
  if (world.generation === 'january' || world.generation === 'february') {
    const response = screenOf(pane)
    // The servers of February store the copy beside the answer that the hook stored.
    const message_id = world.generation === 'february' ? world.nextId() : 0
    if (message_id > 0) world.store(session, { id: message_id, from: 'claude', text: response })
    return ok({ response, message_id, duration_ms })
  }
  for (let second = 0; second <= 10; second += 1) {
    // The newest answer, whichever prompt it belongs to.
    const found = world.history.read(session.topic).findLast(({ from, ts }) => from === 'claude' && ts >= typedAt)
    if (found) return ok({ response: found.text, duration_ms })
    if (second < 10) await world.wait(1_000)
  }
  return ok({ duration_ms })
}

/** The old servers answer an ask with a copy of the screen: the status bar, and every prompt and answer that is in sight. */
function screenOf(pane: Pane): string {
  const rule = '\u2500'.repeat(40)
  return [rule, '  \u23f5\u23f5 bypass permissions on (shift+tab to cycle)', ...pane.screen, rule].join('\n')
}

async function restart(world: World, request: Request): Promise<Answer> {
  const { session: name } = request
  if (name === '') return fail('session required')
  const session = find(world, name)
  if (!session) return fail('session not found')
  if (session.host !== 'local' && world.host(session.host) === 'unconfigured') return fail('host not configured')
  const broken = await hostDelay(world, session)
  if (broken !== undefined) return fail(`failed to start: failed to create tmux session: ${broken}`)
  await world.wait(5_300)
  const pane = world.startPane(session)
  world.ledger.push({ effect: 'continued', session: name, text: '', from: request.from })
  return pane.running ? ok() : fail('session started but Claude failed to initialize')
}

async function screenshot(world: World, request: Request): Promise<Answer> {
  const { session: name } = request
  if (name === '') return fail('session required')
  const session = find(world, name)
  if (!session) return fail('session not found')
  if (session.host !== 'local' && world.host(session.host) === 'unconfigured') return fail(`host not configured: ${session.host}`)
  const broken = await hostDelay(world, session)
  if (broken !== undefined) return fail(`capture failed: failed to capture pane: ${broken}`)
  const pane = world.findPane(tmuxOf(name))
  if (!pane) return fail('capture failed: failed to capture pane: exit status 1')
  const visible = 24
  const lines = [...pane.screen, ...(pane.running ? ['\u276f'] : ['$'])]
  return ok({ response: lines.slice(-(visible + (request.limit > 0 ? request.limit : 50))).join('\n') })
}

function questions(world: World, { session }: Request): Answer {
  if (session === '') return fail('session required')
  const pending = world.pending.get(session)
  if (!pending) return ok()
  if (world.seconds() - pending.at > QUESTIONS_EXPIRE_SECONDS) {
    world.pending.delete(session)
    return ok()
  }
  const list = pending.questions.map(({ question, header = '', options, multi_select, answered, answer_index }) => ({
    question,
    header,
    options: options.map(({ label, description }) => ({ label, ...compact({ description }) })),
    ...compact({ multi_select }),
    answered,
    ...compact({ answer_index }),
  }))
  return ok({ questions: { session, questions: list, timestamp: pending.at } })
}

async function answer(world: World, request: Request): Promise<Answer> {
  const { session: name, question_index, option_index } = request
  if (name === '') return fail('session required')
  const pending = world.pending.get(name)
  if (!pending) return fail('no pending questions for this session')
  const last = pending.questions.length - 1
  const question = pending.questions[question_index]
  if (!question) return fail(`question_index out of range (0-${last})`)
  if (question.answered) return fail('question already answered')
  const option = question.options[option_index]
  if (!option) return fail(`option_index out of range (0-${question.options.length - 1})`)
  const session = find(world, name)
  if (!session) return fail('session not found')
  if (!world.findPane(tmuxOf(name))) return fail('failed to send keys: exit status 1')
  await world.wait(50)
  question.answered = true
  question.answer_index = option_index
  world.store(session, { id: world.nextId(), from: 'human', text: `Selected: ${option.label}` })
  if (pending.questions.every(({ answered }) => answered)) {
    await world.wait(300)
    world.pending.delete(name)
  }
  return ok({ response: `answered question ${question_index} with option ${option_index} (${option.label})` })
}
