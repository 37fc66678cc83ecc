/** Upstreams as a configuration names them, made from the transports of this machine. */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { endpointOf, FALLBACK } from '../../../src/cccc/endpoint.js'
import { resolveConfig } from '../../../src/cmdop/config.js'
import { SignalboxError } from '../../../src/errors.js'
import { rawPolicy, withCredential, type ExchangePolicy, type ExchangeUpstream, type Upstream } from '../../../src/gateway/index.js'
import {
  catsyphonPolicy,
  cccPolicy,
  ccccPolicy,
  claudePolicy,
  cmdopHttpPolicy,
  cmdopPolicy,
  cmdopV2Policy,
} from '../../../src/gateway/policy/index.js'
import { fetchExchange } from '../../web/fetch-exchange.js'
import { ccccDaemon, ccccHome } from '../cccc/daemon.js'
import { expandHome } from '../ccc/socket.js'
import { claudeProcess } from '../claude/process.js'
import { cmdopCore } from '../cmdop/core-process.js'
import { tcpSocket, unixSocket } from '../link/socket.js'
import { checkTcpOwner } from './tcp-owner.js'
import { checkSocket, readTrusted, trustedTransport } from './trust.js'

type Environment = Readonly<Record<string, string | undefined>>

/** One upstream of a configuration. A secret is given by the name of the variable or the file that contains it. */
export type UpstreamConfig =
  | { readonly system: 'ccc'; readonly socket?: string | undefined; readonly maxLinks?: number | undefined }
  | { readonly system: 'cccc'; readonly home?: string | undefined; readonly maxLinks?: number | undefined }
  | {
      readonly system: 'claude'
      readonly path?: string | undefined
      readonly cwd?: string | undefined
      /** Variables that are added to the inherited ones; `null` removes a name. */
      readonly env?: Readonly<Record<string, string | null>> | undefined
      /** Fields of the launch that no request can override. */
      readonly launch?: Readonly<Record<string, unknown>> | undefined
      readonly maxLinks?: number | undefined
      /** One prompt; default 8 MiB, because prompts carry images. */
      readonly maxMessageBytes?: number | undefined
    }
  | {
      readonly system: 'cmdop'
      readonly binaryPath?: string | undefined
      /** Which protocol the core speaks: 1 (the default) for cores 1.x, 2 for cores 2.x. Another core is refused. */
      readonly generation?: 1 | 2 | undefined
      readonly maxLinks?: number | undefined
    }
  | {
      readonly system: 'cmdop-relay' | 'cmdop-platform'
      readonly baseUrl?: string | undefined
      readonly tokenEnv?: string | undefined
    }
  | {
      readonly system: 'catsyphon'
      readonly serverUrl: string
      readonly collectorId?: string | undefined
      readonly apiKeyEnv?: string | undefined
      readonly apiKeyFile?: string | undefined
      /** One batch of events; default 8 MiB. */
      readonly maxMessageBytes?: number | undefined
    }
  /** Its bytes are not judged, so every link needs `admin`. */
  | {
      readonly system: 'raw'
      readonly socket?: string | undefined
      readonly port?: number | undefined
      readonly maxLinks?: number | undefined
    }

const LARGE_MESSAGE_BYTES = 8 * 1024 * 1024

/** The variables that hold the credential of an upstream. */
function credentialVariables(config: UpstreamConfig): string[] {
  switch (config.system) {
    case 'cmdop':
      return ['CMDOP_TOKEN', 'CMDOP_API_KEY']
    case 'cmdop-relay':
      return [config.tokenEnv ?? 'CMDOP_TOKEN']
    case 'cmdop-platform':
      return [config.tokenEnv ?? 'CMDOP_API_KEY']
    case 'catsyphon':
      return config.apiKeyEnv === undefined ? [] : [config.apiKeyEnv]
    default:
      return []
  }
}

/** Every upstream of a configuration. No child inherits a variable that holds the credential of one of them. */
export async function upstreamsOf(
  configs: Readonly<Record<string, UpstreamConfig>>,
  env: Environment = process.env,
): Promise<Record<string, Upstream>> {
  const hidden = Object.values(configs).flatMap(credentialVariables)
  const made: Record<string, Upstream> = {}
  for (const [name, config] of Object.entries(configs)) made[name] = await upstreamOf(config, env, hidden)
  return made
}

/** One upstream. `hidden` names variables that its child does not inherit. */
export async function upstreamOf(
  config: UpstreamConfig,
  env: Environment = process.env,
  hidden: readonly string[] = credentialVariables(config),
): Promise<Upstream> {
  const bounded = 'maxLinks' in config && config.maxLinks !== undefined ? { maxLinks: config.maxLinks } : {}
  const { system } = config
  switch (system) {
    case 'ccc': {
      const path = expandHome(config.socket ?? '~/.ccc.sock')
      return { kind: 'stream', system, transport: trusted(path), policy: cccPolicy, ...bounded }
    }
    case 'cccc':
      return { kind: 'stream', system, transport: trustedCccc(config.home, env), policy: ccccPolicy, ...bounded }
    case 'claude': {
      const { path, cwd, env: own = {}, launch, maxMessageBytes = LARGE_MESSAGE_BYTES } = config
      const set = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, value ?? undefined]))
      const where = { ...(path ? { path } : {}), ...(cwd ? { cwd: expandHome(cwd) } : {}) }
      const transport = claudeProcess({ ...where, env: set, inherit: { drop: hidden } })
      return { kind: 'stream', system, transport, policy: claudePolicy, maxMessageBytes, ...(launch ? { launch } : {}), ...bounded }
    }
    case 'cmdop': {
      const { generation = 1 } = config
      // A policy of the other generation would read one call as another, so such a core is refused.
      const transport = cmdopCore({
        generation,
        env,
        inherit: { drop: hidden },
        ...(config.binaryPath ? { binaryPath: config.binaryPath } : {}),
      })
      const launch = { ...resolveConfig({}, transport.environment ?? {}) }
      return { kind: 'stream', system, transport, launch, policy: generation === 2 ? cmdopV2Policy : cmdopPolicy, ...bounded }
    }
    case 'cmdop-relay':
    case 'cmdop-platform':
      return cmdopPlane(system, config, env)
    case 'catsyphon':
      return catsyphon(config, env)
    case 'raw': {
      const { socket, port } = config
      if (port !== undefined) {
        const transport = trustedTransport(tcpSocket({ port }), () => checkTcpOwner('127.0.0.1', port))
        return { kind: 'stream', system, transport, policy: rawPolicy, ...bounded }
      }
      if (socket === undefined) throw incomplete('A raw upstream needs socket or port.')
      return { kind: 'stream', system, transport: trusted(expandHome(socket)), policy: rawPolicy, ...bounded }
    }
  }
}

const trusted = (path: string) => trustedTransport(unixSocket({ path }), () => checkSocket(path))

/** The descriptor says where the daemon listens, so it must be as trustworthy as the socket itself. */
function trustedCccc(home: string | undefined, env: Environment) {
  const options = { env, ...(home === undefined ? {} : { home: expandHome(home) }) }
  const folder = join(ccccHome(options), 'daemon')
  const descriptor = join(folder, 'ccccd.addr.json')
  return trustedTransport(ccccDaemon(options), async () => {
    // A broken symbolic link counts as an existing file.
    const exists = await lstat(descriptor).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
    )
    const endpoint = endpointOf(exists ? await readTrusted(descriptor) : '')
    if (endpoint === FALLBACK) await checkSocket(join(folder, 'ccccd.sock'))
    else if (endpoint.transport === 'unix') await checkSocket(endpoint.path)
    else await checkTcpOwner(endpoint.host, endpoint.port)
  })
}

function http(system: string, baseUrl: string, own: Readonly<Record<string, string>>, policy: ExchangePolicy): ExchangeUpstream {
  const { hostname, port, protocol } = new URL(baseUrl)
  const transport = withCredential(fetchExchange({ baseUrl, redirects: 'never', name: system }), own)
  return {
    kind: 'exchange',
    system,
    policy,
    transport: {
      ...transport,
      async exchange(request, options) {
        // Any process that listens there would get the credential.
        await checkTcpOwner(hostname.replace(/^\[|\]$/g, ''), Number(port || (protocol === 'https:' ? 443 : 80)))
        return transport.exchange(request, options)
      },
    },
  }
}

function cmdopPlane(
  system: 'cmdop-relay' | 'cmdop-platform',
  config: { readonly baseUrl?: string | undefined; readonly tokenEnv?: string | undefined },
  env: Environment,
): ExchangeUpstream {
  const relay = system === 'cmdop-relay'
  const { baseUrl, apiBaseUrl } = resolveConfig({})
  const variable = config.tokenEnv ?? (relay ? 'CMDOP_TOKEN' : 'CMDOP_API_KEY')
  const secret = env[variable]
  if (!secret) throw incomplete(`The upstream ${system} needs its credential in the variable ${variable}, which is not set.`)
  const own = relay ? { authorization: `Bearer ${secret}` } : { 'x-api-key': secret }
  return http(system, config.baseUrl ?? (relay ? baseUrl : apiBaseUrl), own, cmdopHttpPolicy)
}

async function catsyphon(config: UpstreamConfig & { readonly system: 'catsyphon' }, env: Environment): Promise<ExchangeUpstream> {
  const { serverUrl, collectorId, apiKeyEnv, apiKeyFile, maxMessageBytes = LARGE_MESSAGE_BYTES } = config
  const key = apiKeyFile
    ? (await readTrusted(expandHome(apiKeyFile), { secret: true })).trim()
    : apiKeyEnv
      ? env[apiKeyEnv]
      : undefined
  if ((apiKeyFile || apiKeyEnv) && !key)
    throw incomplete('The upstream catsyphon has no key in the place that its configuration names.')
  const own = { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(collectorId ? { 'x-collector-id': collectorId } : {}) }
  return { ...http('catsyphon', serverUrl, own, catsyphonPolicy), maxMessageBytes }
}

function incomplete(message: string): SignalboxError {
  return new SignalboxError({ code: 'invalid_argument', message, transport: 'gateway' })
}
