/** Enables a capability and calls one of its tools, as the published client does in one method. */
import type { CcccCallOptions } from './small-client.js'
import type { MethodCall } from './methods.js'
import type { Loose } from './shapes.js'

/** Which capability to enable, and which tool to call. */
export interface CcccCapabilityUseArgs {
  /** The group. */
  readonly groupId: string
  /** The capability. */
  readonly capabilityId: string
  /** For whom it is enabled; default: the one who asks. */
  readonly actorId?: string
  /** Who asks; default: the client's principal. */
  readonly by?: string
  /** How long it stays enabled: `session`, `actor` or `group`; default `session`. */
  readonly scope?: string
  /** Why, for the record. */
  readonly reason?: string
  /** Seconds until it is disabled again. */
  readonly ttlSeconds?: number
  /** The tool to call; without it the capability is only enabled. */
  readonly toolName?: string
  /** The arguments of the tool, sent as they are. */
  readonly toolArguments?: Loose
}

/** `client.capabilities`, where it adds to plain ops. */
export interface CcccCapabilityMethods {
  /**
   * Enables a capability, then calls a tool of it when one is named. Returns the answer to the last call. When the tool call fails, the
   * capability stays enabled.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.capabilities.use({ groupId: 'g_0123456789ab', capabilityId: 'pack:files', toolName: 'cccc_file' })
   */
  use(args: CcccCapabilityUseArgs, options?: CcccCallOptions): Promise<Loose>
}

export function createCapabilityUse(call: MethodCall): CcccCapabilityMethods['use'] {
  return async (args, options) => {
    const { toolName, toolArguments = {}, ...enabling } = args
    const enabled = await call('capability_enable', { scope: 'session', ...enabling }, options)
    if (toolName === undefined) return enabled
    const { groupId, actorId, by } = args
    return call('capability_tool_call', { groupId, actorId, by, toolName, arguments: toolArguments }, options)
  }
}
