/** The client's side of a conversation: permission requests and its MCP servers, over the CLI's control protocol. */
import { deferred } from '../../core/deferred.js'
import { isRecord } from '../../core/is-record.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { ContentBlock } from '../messages/lines.js'
import { toolResult, type Fields, type ToolCall } from './conversation-lines.js'

/** A tool of one of the client's servers. */
interface ClientTool {
  readonly server: string
  readonly tool: string
  readonly name: string
  readonly description: string
  readonly input_schema: unknown
}

export interface ClientTools {
  /** Every tool that the client's servers have listed. */
  readonly tools: readonly ClientTool[]
  /** Connects to the client's servers and lists their tools. */
  connect(servers: readonly unknown[]): Promise<void>
  /** Runs a tool, after the client's permission where the launch asks for it. Failures are results with `is_error`. */
  use(call: ToolCall): Promise<ContentBlock>
  /** Takes the client's response to a request of ours. */
  answered(response: Fields): void
}

export function createClientTools(launch: ClaudeLaunch, emit: (line: object) => Promise<void>): ClientTools {
  const waiting = new Map<string, (response: Fields) => void>()
  const tools: ClientTool[] = []

  const ask = async (request: Fields): Promise<Fields> => {
    const id = crypto.randomUUID()
    const answered = deferred<Fields>()
    waiting.set(id, answered.resolve)
    await emit({ type: 'control_request', request_id: id, request })
    const response = await answered.promise
    return isRecord(response.response) ? response.response : {}
  }
  const rpc = async (server: string, message: Fields): Promise<Fields> => {
    const { mcp_response: answer } = await ask({
      subtype: 'mcp_message',
      server_name: server,
      message: { jsonrpc: '2.0', ...message },
    })
    return isRecord(answer) && isRecord(answer.result) ? answer.result : {}
  }
  /** The input that the client allows, or its refusal. */
  const permitted = async ({ id, name, input }: ToolCall): Promise<{ readonly input: unknown } | { readonly refusal: string }> => {
    if (launch.permissionPromptTool !== 'stdio' || launch.allowedTools?.includes(name)) return { input }
    const decision = await ask({ subtype: 'can_use_tool', tool_name: name, input, tool_use_id: id, permission_suggestions: [] })
    if (decision.behavior !== 'allow') return { refusal: String(decision.message ?? 'Permission refused.') }
    return { input: decision.updatedInput ?? input }
  }

  return {
    tools,
    async connect(servers) {
      for (const server of servers.map(String)) {
        const clientInfo = { name: 'signalbox', version: '0' }
        await rpc(server, { id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } })
        await rpc(server, { method: 'notifications/initialized' })
        const { tools: listed } = await rpc(server, { id: 1, method: 'tools/list' })
        for (const listedTool of Array.isArray(listed) ? listed.filter(isRecord) : []) {
          const tool = String(listedTool.name)
          const name = `mcp__${server.replace(/[^\w-]/g, '_')}__${tool}`
          tools.push({
            server,
            tool,
            name,
            description: String(listedTool.description ?? ''),
            input_schema: listedTool.inputSchema,
          })
        }
      }
    },
    async use(call) {
      const tool = tools.find(({ name }) => name === call.name)
      if (!tool) return toolResult(call.id, `There is no tool ${call.name}.`, true)
      const allowed = await permitted(call)
      if ('refusal' in allowed) return toolResult(call.id, allowed.refusal, true)
      const answer = await rpc(tool.server, {
        id: 2,
        method: 'tools/call',
        params: { name: tool.tool, arguments: allowed.input, _meta: { 'claudecode/toolUseId': call.id } },
      })
      return toolResult(call.id, answer.content ?? [], answer.isError === true)
    },
    answered(response) {
      const id = String(response.request_id)
      waiting.get(id)?.(response)
      waiting.delete(id)
    },
  }
}
