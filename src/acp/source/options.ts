/** What a caller sets for an agent that speaks the Agent Client Protocol. */
import type { Clock, Random } from '../../core/clock.js'
import type { StreamTransport } from '../../transport.js'
import type { RpcLimits } from '../rpc/connection.js'

/** Access to files that the agent may ask for. Absent functions are not offered to the agent, and its requests are refused. */
export interface AcpFiles {
  /** Reads a text file. `line` counts from 1. Throw to refuse. */
  readTextFile?(file: { readonly path: string; readonly line?: number; readonly limit?: number }): Promise<string>
  /** Writes a text file. Throw to refuse. */
  writeTextFile?(file: { readonly path: string; readonly content: string }): Promise<void>
}

/** Options of `acpSource`. */
export interface AcpSourceOptions {
  /** Opens the connection to the agent, such as `acpProcess('gemini --acp')` of `signalbox/node`. Opened again after a failure. */
  readonly transport: StreamTransport<void>
  /** The name of the source, which is the first part of the agent's id. Default `acp`. */
  readonly name?: string
  /** The second part of the agent's id. Default `main`. */
  readonly agent?: string
  /** The name for people. Default the name that the agent gives itself. */
  readonly title?: string
  /** The working folder of new sessions, an absolute path on the agent's machine. */
  readonly cwd: string
  /** Other folders that a new session may choose. Default none: a viewer that may prompt must not choose any folder of the machine. */
  readonly folders?: readonly string[]
  /**
   * More folders that the agent may use in every session, absolute paths on its machine. Default none. The first prompt fails with
   * `unsupported` when the agent does not offer `additionalDirectories`.
   */
  readonly additionalDirectories?: readonly string[]
  /** MCP servers for new sessions, as the protocol defines them. Default none. */
  readonly mcpServers?: readonly unknown[]
  /** File access that the agent is offered. Default none. */
  readonly files?: AcpFiles
  /** The sign-in method to use after connecting, one of the agent's `authMethods`. Default none: most agents are signed in already. */
  readonly authMethod?: string
  /**
   * The mode of every session, one of the agent's own, such as `default` or `plan`. Left out, the agent chooses: some agents start in a mode
   * that runs tools without asking.
   */
  readonly mode?: string
  /**
   * Options of the agent that are set in every session after the mode, by their id: `{ model: 'opus', fast: 'on' }`. The value is one of
   * the option's own, or a boolean for a switch. An id or a value that the agent does not know fails the opening of the session.
   */
  readonly configOptions?: Readonly<Record<string, string | boolean>>
  /** How long connecting and creating a session may take. Default 30,000 ms. */
  readonly openTimeoutMs?: number
  /** Limits of the connection. */
  readonly limits?: RpcLimits
  /** Default the system's clock. */
  readonly clock?: Clock
  /** The random source of the pauses between attempts to connect. Default `Math.random`. */
  readonly random?: Random
}
