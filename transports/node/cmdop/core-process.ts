/** A CMDOP core as our child: found, started with its credentials in the environment, ended with us. */
import type { CoreTransport } from '../../../src/cmdop/client.js'
import { ConnectionError } from '../../../src/cmdop/errors.js'
import type { Generation } from '../../../src/cmdop/wire.js'
import { fromEnv, type ResolvedConfig } from '../../../src/cmdop/config.js'
import { abortError } from '../../../src/core/deadline.js'
import type { SignalboxError } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import { findCore } from './binary.js'
import { generationOf } from './generation.js'
import type { Environment, InheritOptions } from '../link/environment.js'
import { subprocess } from '../link/subprocess.js'

/** How a core is found and started. */
export interface CmdopCoreOptions {
  /** The executable, used as it is. Default: CMDOP_CORE_BINARY, then PATH, then the Python package `cmdop`. */
  readonly binaryPath?: string
  /** The only protocol that is accepted: 1 for cores 1.x, 2 for cores 2.x. Default: the one that the executable speaks. */
  readonly generation?: Generation
  /** Where CMDOP_TOKEN and the like are read from. Default: the environment of this process. */
  readonly env?: Environment
  /** For a program that speaks the core's protocol and is started in another way. Default `--stdio`. */
  readonly args?: readonly string[]
  /** What of the environment of this process the core gets. It keeps a log below HOME. */
  readonly inherit?: InheritOptions | false
  /** Every chunk of the core's stderr, not redacted. */
  readonly onStderr?: (chunk: Uint8Array) => void
  /** Kills the core when this process is killed. Default true on POSIX. */
  readonly watchdog?: boolean
}

interface Start {
  readonly file: string
  readonly generation: Generation
  readonly config: ResolvedConfig
}

/**
 * A transport for `createCmdop` that starts a core as a child process, and a stream transport for a program that opens links by itself,
 * such as a gateway. The core is looked up at each start: the package may be installed, or upgraded, meanwhile.
 *
 * @example
 * import { createCmdop } from 'signalbox/cmdop'
 * import { cmdopCore } from 'signalbox/node'
 *
 * await using cmdop = createCmdop({ transport: cmdopCore({ binaryPath: '/opt/cmdop/cmdop-core' }) })
 * console.log((await cmdop.machines.list()).items.length)
 */
export function cmdopCore(options: CmdopCoreOptions = {}): CoreTransport & StreamTransport<ResolvedConfig> {
  const { binaryPath, env = process.env, args = ['--stdio'], inherit, onStderr, watchdog } = options
  const name = 'cmdop-core'
  const children = subprocess<Start>({
    name,
    command: ({ file, generation, config }) => ({
      file,
      args,
      env: { ...cmdopVariables(env), ...(generation === 1 ? environmentV1(config) : environmentV2(config)) },
    }),
    ...(inherit === undefined ? {} : { inherit }),
    ...(onStderr ? { onStderr } : {}),
    ...(watchdog === undefined ? {} : { watchdog }),
  })

  const locate = async (signal: AbortSignal | undefined): Promise<Omit<Start, 'config'>> => {
    const stopped = (): SignalboxError => abortError(signal as AbortSignal, { transport: name, op: 'open', sent: 'no' })
    if (signal?.aborted) throw stopped()
    try {
      const file = await findCore({ binaryPath, env, signal })
      const before = args.filter((word) => word !== '--stdio')
      const generation = await generationOf({ file, args: before, env, signal }).catch((error: unknown) => {
        // For a program that does not tell its version, the option of the caller decides.
        if (options.generation !== undefined && !signal?.aborted) return options.generation
        throw error
      })
      if (options.generation !== undefined && generation !== options.generation) throw otherGeneration(file, generation)
      return { file, generation }
    } catch (error) {
      throw signal?.aborted ? stopped() : error
    }
  }
  const launch: CoreTransport['launch'] = async (config, launchOptions = {}) => {
    const located = await locate(launchOptions.signal)
    return Object.assign(await children.open({ ...located, config }, launchOptions), { generation: located.generation })
  }
  return { kind: 'stream', name, environment: fromEnv(env), launch, open: launch }
}

function otherGeneration(file: string, generation: Generation): ConnectionError {
  return new ConnectionError({
    code: 'incompatible',
    message: `${file} speaks the protocol of the cores ${generation}.x, and another one was asked for.`,
    hint: 'Change `generation` of cmdopCore(), or install the other core.',
    sent: 'no',
    transport: 'cmdop-core',
  })
}

/** Variables of the given environment that a core reads, such as CMDOP_DEBUG. */
function cmdopVariables(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('CMDOP_')))
}

/** What the published SDKs set. A credential that the client does not have is removed, so that the core gets no other one. */
function environmentV1(config: ResolvedConfig): Environment {
  return {
    CMDOP_TOKEN: config.token,
    CMDOP_API_KEY: config.apiKey,
    CMDOP_BASE_URL: config.baseUrl,
    CMDOP_API_BASE_URL: config.apiBaseUrl,
    // No core that was tried reads this variable. The deadlines of the client work without it.
    CMDOP_TIMEOUT_MS: String(config.timeoutMs),
  }
}

/** A core 2.0 finds the relay of this machine, and a credential for it, by itself. An address that was not given must not hide them. */
function environmentV2({ token, baseUrl, baseUrlGiven, timeoutMs }: ResolvedConfig): Environment {
  return {
    CMDOP_TOKEN: token,
    CMDOP_API_KEY: undefined,
    CMDOP_BASE_URL: baseUrlGiven ? baseUrl : undefined,
    CMDOP_API_BASE_URL: undefined,
    CMDOP_TIMEOUT_MS: String(timeoutMs),
  }
}
