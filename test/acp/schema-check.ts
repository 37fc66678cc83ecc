/** Checks every message that our side writes against the JSON schema of the protocol's own SDK, and names what the other side wrote wrong. */
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import type { Link, StreamTransport } from '../../src/transport.js'

type Definitions = Record<string, Record<string, unknown>>
const schemaPath = (name: string): URL => new URL(`../../node_modules/@agentclientprotocol/sdk/schema/v1/${name}`, import.meta.url)
// zod knows neither keyword. The schema uses them only to keep custom variants apart from the known ones.
const withoutNot = (key: string, value: unknown): unknown => (key === 'not' || key === 'unevaluatedProperties' ? undefined : value)
const definitionsOf = (name: string): Definitions =>
  (JSON.parse(readFileSync(schemaPath(name), 'utf8'), withoutNot) as { $defs: Definitions }).$defs
const stable = definitionsOf('schema.json')
// The only unstable method that is used here. Types without a method may be parts of it; a stable type of the same name is kept.
const isUsed = ([, def]: [string, Record<string, unknown>]): boolean =>
  [undefined, 'session/fork'].includes(def['x-method'] as string)
const $defs: Definitions = {
  ...Object.fromEntries(Object.entries(definitionsOf('schema.unstable.json')).filter(isUsed)),
  ...stable,
}

const types = new Map<string, z.ZodType | undefined>()
function typeOf(method: string, part: 'Request' | 'Response' | 'Notification'): z.ZodType | undefined {
  const key = `${method} ${part}`
  if (!types.has(key)) {
    const found = Object.entries($defs).find(([name, def]) => def['x-method'] === method && name.endsWith(part))
    const schema = { $defs, $ref: `#/$defs/${found?.[0]}` } as Parameters<typeof z.fromJSONSchema>[0]
    types.set(key, found && z.fromJSONSchema(schema))
  }
  return types.get(key)
}
const errorType = z.fromJSONSchema({ $defs, $ref: '#/$defs/Error' } as Parameters<typeof z.fromJSONSchema>[0])

interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

/** What one side wrote, and what was wrong with it. */
export interface Direction {
  readonly problems: readonly string[]
  /** The methods and results that were checked. */
  readonly checked: ReadonlySet<string>
}

/** The two directions of one or more conversations. */
export interface SchemaCheck {
  readonly ours: Direction
  readonly theirs: Direction
  /** A link that checks every line which passes it. Our side writes into it. */
  link(link: Link): Link
  transport<Launch>(transport: StreamTransport<Launch>): StreamTransport<Launch>
}

export function createSchemaCheck(): SchemaCheck {
  const ours = createDirection()
  const theirs = createDirection()

  const link = (inner: Link): Link => {
    const [asked, wanted] = [new Map<unknown, string>(), new Map<unknown, string>()]
    const written = byLines((line) => ours.take(line, asked, wanted))
    const read = byLines((line) => theirs.take(line, wanted, asked))
    return {
      info: inner.info,
      closed: inner.closed,
      end: () => inner.end(),
      close: (options) => inner.close(options),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      write(chunk) {
        written(chunk)
        return inner.write(chunk)
      },
      async read() {
        const chunk = await inner.read()
        if (chunk) read(chunk)
        return chunk
      },
    }
  }
  return {
    ours,
    theirs,
    link,
    transport: (inner) => ({ ...inner, open: async (launch, options) => link(await inner.open(launch, options)) }),
  }
}

function createDirection() {
  const problems: string[] = []
  const checked = new Set<string>()
  const check = (type: z.ZodType | undefined, value: unknown, what: string): void => {
    if (!type) return void problems.push(`${what} is not in the schema: ${JSON.stringify(value)}`)
    checked.add(what)
    const result = type.safeParse(value)
    if (!result.success) problems.push(`${what}: ${JSON.stringify(value)}: ${result.error.issues[0]?.message}`)
  }
  return {
    problems,
    checked,
    /** `asked`: the requests of this side by id. `wanted`: those of the other side. */
    take(line: string, asked: Map<unknown, string>, wanted: Map<unknown, string>): void {
      let message: Message
      try {
        message = JSON.parse(line) as Message
      } catch {
        return
      }
      const { id, method, params, result, error } = message
      // Methods of an agent's own begin with an underscore.
      if (method?.startsWith('_')) return
      if (method !== undefined) {
        if (id !== undefined) asked.set(id, method)
        return check(typeOf(method, id === undefined ? 'Notification' : 'Request'), params, method)
      }
      const answered = wanted.get(id)
      if (error !== undefined) check(errorType, error, 'error')
      else if (answered !== undefined && !answered.startsWith('_'))
        check(typeOf(answered, 'Response'), result, `result of ${answered}`)
    },
  }
}

function byLines(take: (line: string) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  let rest = ''
  return (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') take(line)
  }
}

/** What is wrong with the agent's lines of a recording. */
export function checkedLines(
  lines: readonly { readonly from: 'client' | 'agent'; readonly message: unknown }[],
): readonly string[] {
  const [client, agent] = [createDirection(), createDirection()]
  const [asked, wanted] = [new Map<unknown, string>(), new Map<unknown, string>()]
  for (const { from, message } of lines) {
    if (from === 'client') client.take(JSON.stringify(message), asked, wanted)
    else agent.take(JSON.stringify(message), wanted, asked)
  }
  return agent.problems
}
