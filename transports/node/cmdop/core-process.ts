/** A CMDOP core as our child: found, started with its credentials in the environment, ended with us. */
import type { CoreTransport } from '../../../src/cmdop/client.js'
import { fromEnv, type ResolvedConfig } from '../../../src/cmdop/config.js'
import { abortError } from '../../../src/core/deadline.js'
import type { SignalboxError } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import { findCore } from './binary.js'
import type { Environment, InheritOptions } from '../link/environment.js'
import { subprocess } from '../link/subprocess.js'

export interface CmdopCoreOptions {
  /** The executable, used as it is. Default: CMDOP_CORE_BINARY, then PATH, then the Python package `cmdop`. */
  readonly binaryPath?: string
  /** Where CMDOP_TOKEN and the like are read from; default this process's environment. */
  readonly env?: Environment
  /** For a program that speaks the core's protocol and is started in another way. Default `--stdio`. */
  readonly args?: readonly string[]
  /** The core keeps a log below HOME. */
  readonly inherit?: InheritOptions | false
  readonly onStderr?: (chunk: Uint8Array) => void
  readonly watchdog?: boolean
}

interface Start {
  readonly file: string
  readonly config: ResolvedConfig
}

/** A transport for `createCmdop`, and a stream transport for whoever opens links by itself, such as a gateway. */
export function cmdopCore(options: CmdopCoreOptions = {}): CoreTransport & StreamTransport<ResolvedConfig> {
  const { binaryPath, env = process.env, args = ['--stdio'], inherit, onStderr, watchdog } = options
  const name = 'cmdop-core'
  const children = subprocess<Start>({
    name,
    command: ({ file, config }) => ({ file, args, env: { ...cmdopVariables(env), ...coreEnvironment(config) } }),
    ...(inherit === undefined ? {} : { inherit }),
    ...(onStderr ? { onStderr } : {}),
    ...(watchdog === undefined ? {} : { watchdog }),
  })
  // A failed search is not kept: the package may be installed meanwhile.
  let found: string | undefined
  const launch: CoreTransport['launch'] = async (config, given = {}) => {
    const { signal } = given
    const stopped = (): SignalboxError => abortError(signal as AbortSignal, { transport: name, op: 'open', sent: 'no' })
    if (signal?.aborted) throw stopped()
    found ??= await findCore({ binaryPath, env, signal }).catch((error: unknown) => {
      throw signal?.aborted ? stopped() : error
    })
    return children.open({ file: found, config }, given)
  }
  return { kind: 'stream', name, environment: fromEnv(env), launch, open: launch }
}

/** Of an environment that is not ours, what a core reads besides: CMDOP_DEBUG and whatever comes. */
function cmdopVariables(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('CMDOP_')))
}

/** What the published SDKs set. A credential that the client does not have is taken out, so that none slips in. */
function coreEnvironment(config: ResolvedConfig): Environment {
  return {
    CMDOP_TOKEN: config.token,
    CMDOP_API_KEY: config.apiKey,
    CMDOP_BASE_URL: config.baseUrl,
    CMDOP_API_BASE_URL: config.apiBaseUrl,
    // Read by no core that was tried; ours is the deadline that works.
    CMDOP_TIMEOUT_MS: String(config.timeoutMs),
  }
}
