/** Tools that run in this process. The CLI calls them with JSON-RPC over the control protocol, also when it runs on another machine. */
import { isRecord } from '../../core/is-record.js'
import { checkJson, type JsonSchema } from './json-check.js'

/** One part of a tool's answer: text, an image, or another kind of MCP content. */
export interface ToolContent {
  /** The kind of content, such as `text` or `image`. The other fields depend on it. */
  readonly type: string
  readonly [field: string]: unknown
}
/** The result of a tool. */
export interface ToolAnswer {
  /** The text that the model reads. */
  readonly content: readonly ToolContent[]
  /** Whether the tool failed. */
  readonly isError?: boolean
  /** The answer as data, for clients that read it. */
  readonly structuredContent?: unknown
}

/** The facts about a call, for the handler of a tool. */
export interface ToolCall {
  /** Aborted when the CLI withdraws the call, for example after an interrupt. */
  readonly signal: AbortSignal
  /** The id of the model's call, as in its `toolUse` message. */
  readonly toolUseId: string | undefined
}

/** A schema of zod, valibot, arktype or another library with the Standard Schema interface. */
export interface StandardSchema<Output = unknown> {
  /** The check, and where the library offers it the JSON schema of the input. */
  readonly '~standard': {
    validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>
    readonly jsonSchema?: {
      input(options: { readonly target: string }): Readonly<Record<string, unknown>>
      output?(options: { readonly target: string }): Readonly<Record<string, unknown>>
    }
  }
}
type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }

/** A tool of a server in this process; `tool` makes it. */
export interface SdkMcpTool {
  /** The name of the tool, without that of its server. */
  readonly name: string
  /** The description of the tool for the model. */
  readonly description: string
  /** The JSON Schema of the input. */
  readonly inputSchema: JsonSchema
  /**
   * Checks the input against the schema and gives the checked input. Throws with a message that the model reads.
   *
   * @example
   * ```ts
   * import type { SdkMcpTool } from 'signalbox/claude'
   *
   * declare const add: SdkMcpTool
   * const input = await add.check({ a: 1, b: 2 })
   * ```
   */
  check(input: unknown): unknown
  /** Runs the tool. When it throws, the model reads the message of the error as the result. */
  handler(input: never, call: ToolCall): unknown
}

/**
 * A tool for `createSdkMcpServer`. The schema is a JSON Schema, or a Standard Schema that can be converted to one. A return value of the
 * handler that is not MCP content becomes text. When the handler throws, the model reads the message.
 *
 * @example
 * ```ts
 * import { createSdkMcpServer, tool } from 'signalbox/claude'
 *
 * const now = tool('now', 'The current time', { type: 'object' }, () => new Date().toISOString())
 * const server = createSdkMcpServer({ name: 'clock', tools: [now] })
 * ```
 */
export function tool<Input = Readonly<Record<string, unknown>>>(
  name: string,
  description: string,
  schema: JsonSchema | StandardSchema<Input>,
  handler: (input: Input, call: ToolCall) => unknown,
): SdkMcpTool {
  if ('~standard' in schema) {
    const standard = (schema as StandardSchema<Input>)['~standard']
    const inputSchema = (standard.jsonSchema?.input({ target: 'draft-2020-12' }) ?? { type: 'object' }) as JsonSchema
    const check = async (input: unknown): Promise<Input> => {
      const result = await standard.validate(input)
      if (result.issues)
        throw new Error(result.issues.map((issue) => `${(issue.path ?? []).join('.')}: ${issue.message}`).join('; '))
      return result.value
    }
    return { name, description, inputSchema, check, handler }
  }
  const inputSchema = schema as JsonSchema
  return { name, description, inputSchema, check: (input) => checkJson(inputSchema, input), handler }
}

/** An MCP server in this process, for the option `mcpServers`. */
export interface SdkMcpServer {
  /** The name of the server. */
  readonly name: string
  /** The version of the server. */
  readonly version: string
  /**
   * The tools of the server, as the CLI is told about them.
   *
   * @example
   * ```ts
   * import type { SdkMcpServer } from 'signalbox/claude'
   *
   * declare const server: SdkMcpServer
   * for (const { name, description } of server.listTools()) console.log(name, description)
   * ```
   */
  listTools(): readonly { readonly name: string; readonly description: string; readonly inputSchema: JsonSchema }[]
  /**
   * The tool with this name, or undefined.
   *
   * @example
   * ```ts
   * import type { SdkMcpServer } from 'signalbox/claude'
   *
   * declare const server: SdkMcpServer
   * console.log(server.getTool('add')?.inputSchema)
   * ```
   */
  getTool(name: string): SdkMcpTool | undefined
  /**
   * Adds a tool; a tool with the same name is replaced. A CLI that runs already sees the tool only after a restart.
   *
   * @example
   * ```ts
   * import { tool, type SdkMcpServer } from 'signalbox/claude'
   *
   * declare const server: SdkMcpServer
   * server.addTool(tool('now', 'The time', { type: 'object' }, () => new Date().toISOString()))
   * ```
   */
  addTool(tool: SdkMcpTool): void
  /**
   * Calls a tool as the CLI does, for tests. Never rejects: an unknown tool, wrong input and a failed handler give an answer with
   * `isError`.
   *
   * @example
   * ```ts
   * import type { SdkMcpServer } from 'signalbox/claude'
   *
   * declare const server: SdkMcpServer
   * const { content, isError } = await server.callTool('add', { a: 1, b: 2 })
   * ```
   */
  callTool(name: string, input: unknown, call?: ToolCall): Promise<ToolAnswer>
  /**
   * Answers one JSON-RPC message of MCP. A notification gets an empty result, because the CLI expects an answer to every message.
   * An unknown method gets the error -32601.
   *
   * @example
   * ```ts
   * import type { SdkMcpServer } from 'signalbox/claude'
   *
   * declare const server: SdkMcpServer
   * const reply = await server.handle({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, AbortSignal.timeout(1_000))
   * ```
   */
  handle(message: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>
}

/** Options of `createSdkMcpServer`. */
export interface McpSdkServerConfig {
  /** The name of the server. The CLI calls its tools `mcp__<name>__<tool>`. */
  readonly name: string
  /** The version of the server, which the CLI shows. Default `1.0.0`. */
  readonly version?: string
  /** The tools of the server. */
  readonly tools?: readonly SdkMcpTool[]
}

/**
 * An MCP server in this process: the CLI calls its tools as `mcp__<server>__<tool>`.
 *
 * @example
 * ```ts
 * import { createSdkMcpServer, tool } from 'signalbox/claude'
 *
 * const schema = { type: 'object', required: ['a', 'b'] } as const
 * const add = tool<{ a: number; b: number }>('add', 'Adds two numbers', schema, ({ a, b }) => String(a + b))
 * const calc = createSdkMcpServer({ name: 'calc', tools: [add] })
 * ```
 */
export function createSdkMcpServer({ name, version = '1.0.0', tools = [] }: McpSdkServerConfig): SdkMcpServer {
  const byName = new Map(tools.map((tool) => [tool.name, tool]))

  const server: SdkMcpServer = {
    name,
    version,
    listTools: () =>
      [...byName.values()].map((tool) => ({ name: tool.name, description: tool.description, inputSchema: tool.inputSchema })),
    getTool: (wanted) => byName.get(wanted),
    addTool: (tool) => void byName.set(tool.name, tool),
    async callTool(wanted, input, call = { signal: new AbortController().signal, toolUseId: undefined }) {
      const tool = byName.get(wanted)
      if (!tool) return failed(`There is no tool ${wanted}.`)
      try {
        return answerOf(await tool.handler((await tool.check(input)) as never, call))
      } catch (error) {
        return failed(error instanceof Error ? error.message : String(error))
      }
    },
    async handle(message, signal) {
      const { id, method, params } = message
      const fields = isRecord(params) ? params : {}
      const reply = (result: unknown): Readonly<Record<string, unknown>> => ({ jsonrpc: '2.0', id: id ?? 0, result })
      if (id === undefined) return reply({})
      switch (method) {
        case 'initialize': {
          const protocolVersion = typeof fields.protocolVersion === 'string' ? fields.protocolVersion : '2025-06-18'
          return reply({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name, version } })
        }
        case 'ping':
          return reply({})
        case 'tools/list':
          return reply({ tools: server.listTools() })
        case 'tools/call': {
          const meta = isRecord(fields._meta) ? fields._meta['claudecode/toolUseId'] : undefined
          const toolUseId = typeof meta === 'string' ? meta : undefined
          return reply(await server.callTool(String(fields.name), fields.arguments ?? {}, { signal, toolUseId }))
        }
        default:
          return { jsonrpc: '2.0', id, error: { code: -32_601, message: `Method not found: ${String(method)}` } }
      }
    },
  }
  return server
}

function answerOf(value: unknown): ToolAnswer {
  if (isRecord(value) && Array.isArray(value.content)) return value as unknown as ToolAnswer
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return { content: [{ type: 'text', text }] }
}

const failed = (text: string): ToolAnswer => ({ content: [{ type: 'text', text }], isError: true })

/** A call of the subagent tool, read from its message. */
export interface TaskToolUse {
  /** The kind of subagent. */
  readonly subagentType: string | undefined
  /** The prompt of the subagent. */
  readonly prompt: string
  /** A few words for people. */
  readonly description: string | undefined
  /** Whether the model continues without waiting. */
  readonly runInBackground: boolean
  /** The model of the subagent. */
  readonly model: string | undefined
}

/** Reads the input of a call that starts a subagent (`Task` on CLI 2.0, `Agent` later). Undefined for other tools. */
export function parseTaskTool(toolName: string, args: Readonly<Record<string, unknown>>): TaskToolUse | undefined {
  if ((toolName !== 'Task' && toolName !== 'Agent') || typeof args.prompt !== 'string') return undefined
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    subagentType: text(args.subagent_type),
    prompt: args.prompt,
    description: text(args.description),
    runInBackground: args.run_in_background === true,
    model: text(args.model),
  }
}
