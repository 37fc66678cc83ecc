/** A content block of the Messages API, such as `text` or `tool_use`. */
export interface FakeBlock {
  /** The type of the block, which decides its other fields. */
  readonly type: string
  readonly [field: string]: unknown
}

/** One call of the model. */
export interface FakeRequest {
  /** The name of the model that was asked for. */
  readonly model: string
  /** The whole conversation up to this call. */
  readonly messages: readonly { readonly role: string; readonly content: string | readonly FakeBlock[] }[]
  /** How often the last prompt of this conversation was tried before: 0 for the first call. */
  readonly attempt: number
}

/** What the model does with a call: it answers, fails with an HTTP status, refuses, or the connection breaks. */
export type FakeReply =
  | {
      readonly kind: 'answer'
      readonly blocks: readonly FakeBlock[]
      readonly stopReason: string
      /** Pieces that come one by one, with a pause before each. */
      readonly paceMs?: number
      readonly limit?: { readonly status: string; readonly utilization: number }
    }
  | {
      readonly kind: 'error'
      readonly status: number
      readonly type: string
      readonly message: string
      readonly retryAfterS?: number
    }
  | { readonly kind: 'usage_limit' }
  /** The connection breaks: `reset` before the first byte, `cut` in the middle of the first block. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'cut'; readonly blocks: readonly FakeBlock[] }
  /** Never answers. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'refusal' }

/** Decides the reply to a call. `scriptedModel` is the default. */
export type FakeModel = (request: FakeRequest) => FakeReply

const answer = (blocks: readonly FakeBlock[], stopReason = 'end_turn'): FakeReply => ({ kind: 'answer', blocks, stopReason })
const text = (words: string): FakeBlock => ({ type: 'text', text: words })
const reply = (words: string): FakeReply => answer([text(words)])
const call = (name: string, input: object, spoken?: string, id = ''): FakeReply =>
  answer([...(spoken === undefined ? [] : [text(spoken)]), { type: 'tool_use', id, name, input }], 'tool_use')
const failure = (status: number, type: string, message: string, retryAfterS?: number): FakeReply => ({
  kind: 'error',
  status,
  type,
  message,
  ...(retryAfterS === undefined ? {} : { retryAfterS }),
})

const QUESTIONS = [
  {
    question: 'Which colour?',
    header: 'Colour',
    multiSelect: false,
    options: [
      { label: 'Red', description: 'warm' },
      { label: 'Blue', description: 'cold' },
    ],
  },
]

/** Gets the text after `FAKE:name:` and the request. */
type Script = (rest: string, request: FakeRequest) => FakeReply

const SCRIPTS: Readonly<Record<string, Script>> = {
  echo: (rest) => reply(rest),
  recall: (_rest, { messages }) => {
    const spoken = userTexts(messages)
    return reply(`User turns seen: ${spoken.length}; previous: ${JSON.stringify(spoken)}`)
  },
  bash: (command) => call('Bash', { command, description: 'Run a probe' }, 'I will run a command.'),
  sleep: (seconds) =>
    call('Bash', { command: `python3 -c 'import time; time.sleep(${seconds})'`, description: 'Long command' }, 'Sleeping.'),
  write: (path) => call('Write', { file_path: path, content: 'written by the fake model\n' }, 'Writing.'),
  read: (path) => call('Read', { file_path: path }, 'Reading.'),
  tool: (rest) => {
    const at = rest.indexOf(' ')
    return call(rest.slice(0, at), JSON.parse(rest.slice(at + 1)) as object)
  },
  badtool: () => call('NoSuchTool', { a: 1 }),
  two: () =>
    answer(
      [
        { type: 'tool_use', id: '', name: 'Bash', input: { command: 'echo one', description: 'first' } },
        { type: 'tool_use', id: '', name: 'Bash', input: { command: 'echo two', description: 'second' } },
      ],
      'tool_use',
    ),
  ask: () => call('AskUserQuestion', { questions: QUESTIONS }),
  plan: () => call('ExitPlanMode', { plan: '1. do it' }),
  schema: () => call('StructuredOutput', { name: 'Ada', age: 36 }),
  badschema: () => call('StructuredOutput', { wrong: true }),
  loop: (_rest, request) => call('Bash', { command: `echo loop-${toolRounds(request)}`, description: 'loop' }),
  multi: () => answer([text('First block. '), text('Second block.')]),
  thinking: () =>
    answer([
      { type: 'thinking', thinking: 'Let me think about this very carefully.', signature: 'ZmFrZS1zaWduYXR1cmU=' },
      text('The answer is 4.'),
    ]),
  unicode: () => reply('Grüße 🚂 \u2028 line separator, \u2029 paragraph separator, nul \u0000, tab \t, quote " end'),
  big: (size) => reply('x'.repeat(Number.parseInt(size, 10))),
  // Not `Number`: the CLI joins waiting messages into one prompt, so another message may follow the count.
  slow: (ticks) => ({
    kind: 'answer',
    blocks: [text(Array.from({ length: Number.parseInt(ticks, 10) }, (_, tick) => `tick ${tick} `).join(''))],
    stopReason: 'end_turn',
    paceMs: 50,
  }),
  empty: () => answer([]),
  maxtokens: () => answer([text('Truncated by the token lim')], 'max_tokens'),
  warn: () => ({
    kind: 'answer',
    blocks: [text('You are near the limit.')],
    stopReason: 'end_turn',
    limit: { status: 'allowed_warning', utilization: 0.92 },
  }),
  rejected: () => ({ kind: 'usage_limit' }),
  hang: () => ({ kind: 'hang' }),
  reset: () => ({ kind: 'reset' }),
  refusal: () => ({ kind: 'refusal' }),
  cut: () => ({ kind: 'cut', blocks: [text('This answer is cut in the middle')] }),
  cutonce: (_rest, { attempt }) =>
    attempt === 0 ? { kind: 'cut', blocks: [text('Half of an answer')] } : reply('Whole after the cut.'),
  '400': () => failure(400, 'invalid_request_error', 'fake bad request'),
  '401': () => failure(401, 'authentication_error', 'invalid x-api-key'),
  '403': () => failure(403, 'permission_error', 'fake forbidden'),
  '404': () => failure(404, 'not_found_error', 'model: fake'),
  '429': () => failure(429, 'rate_limit_error', 'fake rate limit', 1),
  '429once': (_rest, { attempt }) =>
    attempt < 2 ? failure(429, 'rate_limit_error', 'fake rate limit', 1) : reply('Recovered after 429.'),
  '500': () => failure(500, 'api_error', 'fake internal error'),
  '529': () => failure(529, 'overloaded_error', 'Overloaded'),
  toolong: () => failure(400, 'invalid_request_error', 'prompt is too long: 250000 tokens > 200000 maximum'),
}

/** The prompts of the conversation, without tool results. */
function userTexts(messages: FakeRequest['messages']): string[] {
  const texts: string[] = []
  for (const { role, content } of messages) {
    if (role !== 'user') continue
    if (typeof content === 'string') {
      if (isPrompt(content)) texts.push(content)
    } else for (const block of content) if (block.type === 'text' && isPrompt(String(block.text))) texts.push(String(block.text))
  }
  return texts
}

/** The CLI adds notes of its own to the user's messages; they are not prompts. */
const isPrompt = (words: string): boolean =>
  !/^(?:<system-reminder>|<local-command|Output token limit hit|\[Your previous response|Your response above was stopped)/.test(
    words,
  )

function toolRounds({ messages }: FakeRequest): number {
  let rounds = 0
  for (const { role, content } of messages) {
    if (role === 'user' && typeof content !== 'string' && content.some((block) => block.type === 'tool_result')) rounds += 1
  }
  return rounds
}

/** The last tool result, if the conversation ends with one. */
function lastToolResult({ messages }: FakeRequest): string | undefined {
  const last = messages.at(-1)
  if (!last || typeof last.content === 'string') return undefined
  const result = last.content.find((block) => block.type === 'tool_result')
  if (!result) return undefined
  return typeof result.content === 'string' ? JSON.stringify(result.content) : JSON.stringify(result.content ?? '')
}

/**
 * A model that the last prompt steers: `FAKE:echo:hi` answers `hi`, `FAKE:bash:ls` calls a tool, `FAKE:429` fails. Without a mark
 * the answer is one fixed line. A model name that begins with `bogus` gets a 404.
 */
export function scriptedModel(request: FakeRequest): FakeReply {
  if (request.model.startsWith('bogus')) return failure(404, 'not_found_error', `model: ${request.model}`)
  const marked = userTexts(request.messages)
    .reverse()
    .map((words) => /FAKE:([\w]+)(?::([\s\S]*))?/.exec(words))
    .find((found) => found !== null)
  const name = marked?.[1] ?? ''
  const spoken = lastToolResult(request)
  if (spoken !== undefined && name !== 'loop' && name !== 'badschema') return reply(`Done. Tool said: ${spoken}`)
  const script = SCRIPTS[name]
  if (!script || userTexts(request.messages).at(-1)?.includes('FAKE:') !== true) return reply('Hello from the fake model.')
  return script((marked?.[2] ?? marked?.[0]?.split(':')[2] ?? '').trimEnd(), request)
}
