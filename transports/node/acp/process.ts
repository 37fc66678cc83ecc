/** Agents that speak the Agent Client Protocol on their stdin and stdout. */
import { SignalboxError } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import type { Environment, InheritOptions } from '../link/environment.js'
import { subprocess } from '../link/subprocess.js'

/** How to start an agent. */
export interface AcpProcessOptions {
  /** The executable: a path, or a name that is searched in PATH. */
  readonly command: string
  /** Its arguments. */
  readonly args?: readonly string[]
  /** Added to the inherited environment; undefined removes a name. */
  readonly env?: Environment
  /** The working directory of the agent. Default: that of this process. */
  readonly cwd?: string
  /** The variables that the child inherits from this process; false for none. */
  readonly inherit?: InheritOptions | false
  /** Every chunk of stderr, where most agents write their log. Not redacted. */
  readonly onStderr?: (chunk: Uint8Array) => void
}

/**
 * Starts an agent as a child process, for `acpSource`. A string is split at spaces; use the object for arguments that contain spaces. No shell
 * is involved.
 *
 * @example
 * ```ts
 * import { acpSource } from 'signalbox/acp'
 * import { acpProcess } from 'signalbox/node'
 *
 * const source = acpSource({ transport: acpProcess('gemini --acp'), name: 'gemini', cwd: process.cwd() })
 * console.log(source.name)
 * ```
 */
export function acpProcess(agent: string | AcpProcessOptions): StreamTransport<void> {
  const { command, args = [], env, cwd, inherit, onStderr } = typeof agent === 'string' ? split(agent) : agent
  if (command === '') {
    throw new SignalboxError({ code: 'invalid_argument', system: 'acp', message: 'acpProcess needs the name of an executable.' })
  }
  return subprocess({
    name: 'acp',
    command: { file: command, args, ...(env ? { env } : {}), ...(cwd === undefined ? {} : { cwd }) },
    ...(inherit === undefined ? {} : { inherit }),
    ...(onStderr ? { onStderr } : {}),
  })
}

function split(line: string): AcpProcessOptions {
  const [command = '', ...args] = line.trim().split(/\s+/)
  return { command, args }
}
