/**
 * Conversations with a real ACP agent that are recorded. A scenario drives the agent by hand, without any code of the library, so that a
 * recording shows what the agent does and not what our client expects.
 */
import type { Link, StreamTransport } from '../../src/transport.js'
import type { Json, RecordedLine } from './recordings.js'

/** A connection that a scenario drives. */
export interface Driver {
  readonly cwd: string
  readonly lines: readonly RecordedLine[]
  /** Sends a request; resolves with the whole response, a result or an error. */
  request(method: string, params: Json): Promise<Json>
  notify(method: string, params: Json): Promise<void>
  /** Sets how requests of the agent are answered. */
  onRequest(answer: (method: string, params: Json) => Promise<Json> | Json): void
  /** Resolves when no line came for a while: the agent also sends updates after a response. */
  quiet(): Promise<void>
}

/** What our source tells the agent about itself. */
const CLIENT = {
  protocolVersion: 1,
  clientInfo: { name: 'signalbox', version: '0' },
  clientCapabilities: {
    fs: { readTextFile: false, writeTextFile: false },
    terminal: false,
    elicitation: { form: {}, url: {} },
    session: { notices: {} },
  },
}

const text = (words: string) => [{ type: 'text', text: words }]
const idOf = ({ result }: Json): string => String((result as Json).sessionId)

async function session(driver: Driver): Promise<string> {
  await driver.request('initialize', CLIENT)
  const sessionId = idOf(await driver.request('session/new', { cwd: driver.cwd, mcpServers: [] }))
  await driver.request('session/set_mode', { sessionId, modeId: 'default' })
  await driver.quiet()
  return sessionId
}

const prompt = async (driver: Driver, sessionId: string, words: string): Promise<Json> => {
  const response = await driver.request('session/prompt', { sessionId, prompt: text(words) })
  await driver.quiet()
  return response
}

/** Chooses the option of a kind. */
const choose =
  (kind: string) =>
  (_method: string, { options }: Json): Json => ({
    outcome: { outcome: 'selected', optionId: String((options as Json[]).find((option) => option.kind === kind)?.optionId) },
  })

const CANCELLED = { outcome: { outcome: 'cancelled' } }

export const SCENARIOS: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  async prompt(driver) {
    await prompt(driver, await session(driver), 'hello there')
  },
  async thinking(driver) {
    await prompt(driver, await session(driver), 'FAKE:thinking')
  },
  async 'permission-allowed'(driver) {
    const id = await session(driver)
    driver.onRequest(choose('allow_once'))
    await prompt(driver, id, 'FAKE:bash:touch allowed.txt')
  },
  async 'permission-denied'(driver) {
    const id = await session(driver)
    driver.onRequest(choose('reject_once'))
    await prompt(driver, id, 'FAKE:bash:touch denied.txt')
  },
  async 'permission-cancelled'(driver) {
    const id = await session(driver)
    driver.onRequest(async () => {
      await driver.notify('session/cancel', { sessionId: id })
      return CANCELLED
    })
    await prompt(driver, id, 'FAKE:bash:touch cancelled.txt')
  },
  async 'cancel-while-streaming'(driver) {
    const id = await session(driver)
    const answered = driver.request('session/prompt', { sessionId: id, prompt: text('FAKE:slow:200') })
    await until(() => driver.lines.some(({ message }) => JSON.stringify(message).includes('agent_message_chunk')))
    await driver.notify('session/cancel', { sessionId: id })
    await answered
    await driver.quiet()
  },
  async edit(driver) {
    const id = await session(driver)
    driver.onRequest(choose('allow_once'))
    await prompt(driver, id, `FAKE:write:${driver.cwd}/new.txt`)
    await prompt(driver, id, `FAKE:read:${driver.cwd}/new.txt`)
  },
  async 'failed-tool'(driver) {
    await prompt(driver, await session(driver), `FAKE:read:${driver.cwd}/no-such-file.txt`)
  },
  async plan(driver) {
    const todos = [
      { content: 'Look', status: 'in_progress', activeForm: 'Looking' },
      { content: 'Change', status: 'pending', activeForm: 'Changing' },
    ]
    await prompt(driver, await session(driver), `FAKE:tool:TodoWrite ${JSON.stringify({ todos })}`)
  },
  async question(driver) {
    const id = await session(driver)
    driver.onRequest((method, params) => {
      if (method !== 'elicitation/create') return choose('allow_once')(method, params)
      const { properties = {} } = (params.requestedSchema ?? {}) as { properties?: Record<string, Json> }
      const content = Object.entries(properties).flatMap(([name, field]) => {
        const [first] = (field.oneOf ?? []) as { const: string }[]
        return first ? [[name, first.const]] : []
      })
      return { action: 'accept', content: Object.fromEntries(content) as Json }
    })
    await prompt(driver, id, 'FAKE:ask')
  },
  async sessions(driver) {
    const id = await session(driver)
    await prompt(driver, id, 'hello there')
    await driver.request('session/list', {})
    await driver.request('session/list', { cwd: driver.cwd })
    const place = { cwd: driver.cwd, mcpServers: [] }
    const fork = idOf(await driver.request('session/fork', { sessionId: id, ...place }))
    await prompt(driver, fork, 'hello fork')
    await driver.request('session/close', { sessionId: fork })
    await driver.request('session/close', { sessionId: id })
    await driver.request('session/load', { sessionId: id, ...place })
    await driver.quiet()
    await driver.request('session/close', { sessionId: id })
    await driver.request('session/resume', { sessionId: id, ...place })
    await driver.quiet()
    await driver.request('session/delete', { sessionId: fork })
    await driver.request('session/list', { cwd: driver.cwd })
  },
  async options(driver) {
    const id = await session(driver)
    await driver.request('session/set_mode', { sessionId: id, modeId: 'plan' })
    await driver.quiet()
    await driver.request('session/set_config_option', { sessionId: id, configId: 'mode', value: 'default' })
    await driver.quiet()
    await driver.request('session/set_config_option', { sessionId: id, configId: 'effort', value: 'low' })
    await driver.quiet()
    await driver.request('session/set_mode', { sessionId: id, modeId: 'no-such-mode' })
    await driver.request('session/set_config_option', { sessionId: id, configId: 'no-such-option', value: 'x' })
    await driver.request('session/set_config_option', { sessionId: id, configId: 'mode', value: 'no-such-mode' })
  },
  async errors(driver) {
    const id = await session(driver)
    const gone = '00000000-0000-4000-8000-000000000000'
    await driver.request('no/such/method', {})
    await driver.request('session/new', {})
    await driver.request('session/prompt', { sessionId: gone, prompt: text('hello') })
    await driver.request('session/load', { sessionId: gone, cwd: driver.cwd, mcpServers: [] })
    await driver.request('authenticate', { methodId: 'no-such-method' })
    await prompt(driver, id, 'FAKE:400')
    await prompt(driver, id, 'FAKE:refusal')
    await prompt(driver, id, 'FAKE:maxtokens')
  },
  async logout(driver) {
    await session(driver)
    await driver.request('logout', {})
    await driver.quiet()
  },
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Drives one scenario over a new connection and gives its lines, in the order in which this side wrote and read them. */
export async function record(
  transport: StreamTransport<void>,
  cwd: string,
  scenario: (driver: Driver) => Promise<void>,
  /** How long no line must come until the agent counts as quiet. */
  quietMs = 700,
): Promise<readonly RecordedLine[]> {
  const link = await transport.open(undefined, { signal: AbortSignal.timeout(60_000) })
  const lines: RecordedLine[] = []
  const waiting = new Map<number, (response: Json) => void>()
  let answer: (method: string, params: Json) => Promise<Json> | Json = () => CANCELLED
  let lastId = 0
  let lastLineAt = Date.now()
  const write = (message: Json): Promise<void> => {
    const whole = { jsonrpc: '2.0', ...message }
    lines.push({ from: 'client', message: whole })
    return link.write(new TextEncoder().encode(`${JSON.stringify(whole)}\n`))
  }
  const take = async (message: Json): Promise<void> => {
    lines.push({ from: 'agent', message })
    lastLineAt = Date.now()
    const { id, method, params } = message
    if (typeof method !== 'string') return waiting.get(Number(id))?.(message)
    if (id !== undefined) await write({ id, result: await answer(method, params as Json) })
  }
  const reading = readLines(link, (message) => void take(message))
  try {
    await scenario({
      cwd,
      lines,
      request: (method, params) =>
        new Promise((resolve) => {
          lastId += 1
          waiting.set(lastId, resolve)
          void write({ id: lastId, method, params })
        }),
      notify: (method, params) => write({ method, params }),
      onRequest(next) {
        answer = next
      },
      quiet: () => until(() => Date.now() - lastLineAt > quietMs),
    })
  } finally {
    await link.close()
    await reading
  }
  return lines
}

async function readLines(link: Link, take: (message: Json) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for (let chunk = await link.read().catch(() => null); chunk !== null; chunk = await link.read().catch(() => null)) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part.trim() !== '') take(JSON.parse(part) as Json)
  }
}
