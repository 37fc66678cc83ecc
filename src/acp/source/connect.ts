/** Opens a connection to an agent and initializes the protocol. */
import { createDeadline } from '../../core/deadline.js'
import { SignalboxError } from '../../errors.js'
import type { Capabilities } from '../../hub/model/capabilities.js'
import { AGENT_METHODS, PROTOCOL_VERSION } from '../protocol/methods.js'
import { parseMessage } from '../protocol/parse.js'
import { InitializeResponse } from '../protocol/schema.js'
import { createRpcConnection, type RpcConnection, type RpcHandlers } from '../rpc/connection.js'
import type { AcpSourceOptions } from './options.js'

/** A connection after `initialize`. */
export interface AcpConnection {
  readonly rpc: RpcConnection
  readonly agent: InitializeResponse
}

/** Connects, initializes and signs in if a method is configured. Leaves no connection behind when it fails. */
export async function connect(options: AcpSourceOptions, handlers: RpcHandlers, signal?: AbortSignal): Promise<AcpConnection> {
  const { transport, files, authMethod, limits, clock, openTimeoutMs = 30_000 } = options
  const deadline = createDeadline({ signal, timeoutMs: openTimeoutMs, clock })
  const call = { signal: deadline.signal }
  let rpc: RpcConnection | undefined
  try {
    rpc = createRpcConnection(await transport.open(undefined, call), handlers, { limits, clock })
    const result = await rpc.request(
      AGENT_METHODS.initialize,
      {
        protocolVersion: PROTOCOL_VERSION,
        clientInfo: { name: 'signalbox', version: '0' },
        clientCapabilities: {
          fs: { readTextFile: files?.readTextFile !== undefined, writeTextFile: files?.writeTextFile !== undefined },
          terminal: false,
          elicitation: { form: {}, url: {} },
          // Without it an agent must not send notices.
          session: { notices: {} },
        },
      },
      call,
    )
    const agent = parseMessage(InitializeResponse, result, AGENT_METHODS.initialize)
    if (agent.protocolVersion !== PROTOCOL_VERSION) {
      throw new SignalboxError({
        code: 'incompatible',
        system: 'acp',
        transport: transport.name,
        op: AGENT_METHODS.initialize,
        message: `The agent speaks protocol version ${agent.protocolVersion}; this client speaks version ${PROTOCOL_VERSION}.`,
        hint: 'Install a version of the agent that speaks version 1.',
      })
    }
    if (authMethod !== undefined) await rpc.request(AGENT_METHODS.authenticate, { methodId: authMethod }, call)
    return { rpc, agent }
  } catch (error) {
    await rpc?.close()
    throw error
  } finally {
    deadline[Symbol.dispose]()
  }
}

/** The capabilities of an agent, from its answer to `initialize`. */
export function capabilitiesOf({ agentCapabilities }: InitializeResponse, folders: readonly string[] = []): Capabilities {
  const { loadSession, promptCapabilities, sessionCapabilities } = agentCapabilities ?? {}
  const list = !!sessionCapabilities?.list
  const close = !!sessionCapabilities?.close
  const fork = !!sessionCapabilities?.fork
  const resume = !!sessionCapabilities?.resume || loadSession === true
  return {
    prompt: {
      ...(promptCapabilities?.image ? { images: true } : {}),
      ...(promptCapabilities?.embeddedContext ? { files: true } : {}),
    },
    stream: { text: true, tools: true, thinking: true },
    cancel: { keepsSession: true },
    sessions: {
      create: true,
      ...(list ? { list } : {}),
      ...(resume ? { resume } : {}),
      ...(fork ? { fork } : {}),
      ...(close ? { close } : {}),
      ...(folders.length > 1 ? { choices: { folders } } : {}),
    },
    ...(loadSession ? { history: { complete: true } } : {}),
    asks: { kinds: ['permission', 'question', 'confirm'], answerable: true, confirmsDelivery: false },
  }
}
