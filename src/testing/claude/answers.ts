/** How the simulated CLI answers control requests, by generation. */
import type { Simulated } from './simulated.js'

type Fields = Readonly<Record<string, unknown>>

/** Long because it is one table of control requests, with a short answer for each. */
export function answerRequest(process: Simulated, requestId: string, request: Fields, tell: () => void): unknown {
  const { generation, conversation, parsed } = process
  const { name } = generation
  const success = (response?: Fields): void =>
    process.emit({
      type: 'control_response',
      response: { subtype: 'success', request_id: requestId, ...(response ? { response } : {}) },
    })
  const error = (text: string, code?: string): void => {
    const extra = name === 'c' && code !== undefined ? { error_code: code } : {}
    process.emit({ type: 'control_response', response: { subtype: 'error', request_id: requestId, error: text, ...extra } })
  }
  const status = (permissionMode: string): void =>
    process.emit({
      type: 'system',
      subtype: 'status',
      status: null,
      permissionMode,
      uuid: process.uuid(),
      session_id: conversation.sessionId,
    })

  switch (request.subtype) {
    case 'initialize': {
      process.initialized += 1
      if (process.initialized > 1 && name === 'a') return error('Already initialized')
      process.hooks = (request.hooks ?? {}) as Simulated['hooks']
      process.sdkServers = (request.sdkMcpServers ?? []) as readonly string[]
      const answer = initialization(process)
      const told = (): void => {
        success(answer)
        if (name === 'c' && process.initialized > 1) {
          process.emit({
            type: 'system',
            subtype: 'background_tasks_changed',
            tasks: [],
            uuid: process.uuid(),
            session_id: conversation.sessionId,
          })
        }
      }
      process.connecting = connectServers(process, told).then(tell)
      return undefined
    }
    case 'interrupt':
      if (process.turn) process.turn.abort('interrupt')
      else process.interruptNext = process.queue.length > 0
      return success(name === 'c' ? { still_queued: [] } : undefined)
    case 'set_model': {
      const model = typeof request.model === 'string' ? request.model : undefined
      if (name === 'c' && model?.startsWith('bogus')) return error(`Model '${model}' not found`, 'not_found')
      conversation.model = model
      if (name === 'b') {
        const content = `<local-command-stdout>Set model to ${model ?? 'default'}</local-command-stdout>`
        const message = { role: 'user', content }
        process.emit({
          type: 'user',
          message,
          session_id: conversation.sessionId,
          parent_tool_use_id: null,
          uuid: process.uuid(),
          isReplay: true,
        })
      }
      return success(name === 'c' ? { model: model ?? generation.model } : undefined)
    }
    case 'set_permission_mode': {
      const mode = String(request.mode)
      const allowed = parsed.has('--dangerously-skip-permissions') || parsed.has('--allow-dangerously-skip-permissions')
      if (mode === 'bypassPermissions' && name !== 'a' && !allowed) {
        return error(
          'Cannot set permission mode to bypassPermissions because the session was not launched with --dangerously-skip-permissions',
          'bypass_not_launched',
        )
      }
      if (name === 'c' && !generation.permissionModes.includes(mode))
        return error('Cannot set permission mode: must be one of the known ones', 'invalid_mode')
      conversation.permissionMode = mode
      success({ mode })
      // 2.0 answers twice. Other generations write a separate line.
      if (name === 'a') success({ mode })
      else if (generation.permissionModes.includes(mode)) status(mode)
      return undefined
    }
    case 'set_max_thinking_tokens':
      return success()
    case 'mcp_status':
      return success({ mcpServers: process.sdkServers.map((server) => ({ name: server, status: 'connected' })) })
    case 'rewind_files':
      if (process.env.CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING !== 'true') return error('File rewinding is not enabled.')
      return success({ canRewind: true, filesChanged: [] })
    default:
      return newer(request, name, { success, error })
  }

  function newer(
    fields: Fields,
    generationName: string,
    reply: { success: (response?: Fields) => void; error: (text: string, code?: string) => void },
  ): unknown {
    const subtype = String(fields.subtype)
    // 2.0 does not answer an unknown request.
    if (generationName === 'a') return undefined
    if (subtype === 'get_settings')
      return reply.success({ effective: {}, sources: [], applied: { model: conversation.model ?? generation.model } })
    if (subtype === 'get_session_cost') return reply.success({ text: `Total cost: $${conversation.costUsd.toFixed(4)}` })
    if (subtype === 'get_binary_version')
      return reply.success({ version: generation.version.join('.'), buildTime: '2026-11-19T16:23:05Z' })
    if (subtype === 'get_context_usage')
      return reply.success({ categories: [], totalTokens: 1000, maxTokens: 200_000, percentage: 1 })
    if (subtype === 'apply_flag_settings' || subtype === 'rename_session' || subtype === 'seed_read_state') return reply.success()
    if (subtype === 'stop_task' || subtype === 'background_tasks') return reply.success({})
    if (subtype === 'reload_plugins')
      return reply.success({ commands: [], agents: [], plugins: [], mcpServers: [], error_count: 0 })
    if (subtype === 'reload_skills') return reply.success({ skills: [] })
    if (subtype === 'get_usage')
      return reply.success({
        session: { total_cost_usd: conversation.costUsd, total_api_duration_ms: 0, total_duration_ms: 0, model_usage: {} },
        subscription_type: null,
        rate_limits_available: false,
        rate_limits: null,
      })
    if (subtype === 'read_file') {
      const contents = process.files.get(String(fields.path))
      if (contents === undefined) return reply.error(`read denied: ${String(fields.path)}`)
      return reply.success({ contents, absPath: fields.path })
    }
    if (subtype === 'set_mcp_permission_mode_override')
      return reply.success({ warning: `MCP server '${String(fields.serverName)}' is not yet known` })
    if (subtype === 'cancel_async_message') {
      const before = process.queue.length
      process.queue = process.queue.filter(({ uuid }) => uuid !== fields.message_uuid)
      return reply.success({ cancelled: process.queue.length < before })
    }
    if (generationName === 'c') {
      if (subtype === 'list_models') return reply.success({ models: [{ value: 'default', resolvedModel: generation.model }] })
      if (subtype === 'reload_output_styles') return reply.success({ available_output_styles: ['default'] })
      if (subtype === 'update_settings') return reply.success({})
      if (subtype === 'list_permission_rules')
        return reply.success({ state: { rules: [], workspaceDirectories: [], originalCwd: process.cwd, managedOnly: false } })
      if (subtype === 'mcp_read_resource') return reply.error('mcp_read_resource: uri must use the ui:// scheme')
      if (subtype === 'get_task_output')
        return reply.error('get_task_output: no shell or Monitor task with that task_id in this session')
    }
    return reply.error(`Unsupported control request subtype: ${subtype}`, 'unsupported_request')
  }
}

function initialization({ generation }: Simulated): Fields {
  const common = {
    commands: generation.slashCommands.map((name) => ({ name, description: `The ${name} command`, argumentHint: '' })),
    output_style: 'default',
    available_output_styles: ['default'],
    models: [{ value: 'default', displayName: 'Default (recommended)', description: generation.model }],
    account: { apiKeySource: 'ANTHROPIC_API_KEY' },
  }
  if (generation.name === 'a') return common
  if (generation.name === 'b') return { ...common, agents: [], pid: 1 }
  return {
    ...common,
    agents: [],
    pid: 1,
    claude_code_version: generation.version.join('.'),
    capabilities: generation.init.capabilities,
    current_permission_mode: 'default',
  }
}

/** The handshake with servers in the client. 2.1.329 begins it before it answers `initialize`. */
async function connectServers(process: Simulated, answer: () => void): Promise<void> {
  const early = process.generation.name === 'c'
  if (!early) answer()
  const send = async (server: string, message: object): Promise<unknown> => {
    const reply = await process.ask({ subtype: 'mcp_message', server_name: server, message }, new AbortController().signal)
    return reply.mcp_response
  }
  try {
    for (const server of process.sdkServers) {
      const clientInfo = { name: 'claude-code', version: process.generation.version.join('.') }
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
      const first = send(server, { method: 'initialize', params, jsonrpc: '2.0', id: 0 })
      if (early) answer()
      await first
      await send(server, { jsonrpc: '2.0', method: 'notifications/initialized' })
      await send(server, { method: 'tools/list', jsonrpc: '2.0', id: 1 })
    }
  } catch {
    // A server that does not answer is listed as failed, and the run continues.
  }
  if (early && process.sdkServers.length === 0) answer()
}
