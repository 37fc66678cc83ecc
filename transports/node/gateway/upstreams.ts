/** Upstreams as a configuration names them, made from the transports of this machine. */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { endpointOf, FALLBACK } from '../../../src/cccc/endpoint.js'
import { resolveConfig } from '../../../src/cmdop/config.js'
import { SignalboxError } from '../../../src/errors.js'
import { rawPolicy, type ExchangePolicy, type ExchangeUpstream, type Upstream } from '../../../src/gateway/index.js'
import {
  catsyphonPolicy,
  cccPolicy,
  ccccPolicy,
  claudePolicy,
  cmdopHttpPolicy,
  cmdopPolicy,
} from '../../../src/gateway/policy/index.js'
import type { ExchangeTransport } from '../../../src/transport.js'
import { fetchExchange } from '../../web/fetch-exchange.js'
import { ccccDaemon, ccccHome } from '../cccc/daemon.js'
import { expandHome } from '../ccc/socket.js'
import { claudeProcess } from '../claude/process.js'
import { cmdopCore } from '../cmdop/core-process.js'
import { tcpSocket, unixSocket } from '../link/socket.js'
import { checkSocket, readTrusted, trustedTransport } from './trust.js'

type Environment = Readonly<Record<string, string | undefined>>

/** What a configuration may say of one upstream. Secrets are named by the variable or the file that holds them. */
export type UpstreamConfig =
  | { readonly system: 'ccc'; readonly socket?: string | undefined; readonly maxLinks?: number | undefined }
  | { readonly system: 'cccc'; readonly home?: string | undefined; readonly maxLinks?: number | undefined }
  | {
      readonly system: 'claude'
      readonly path?: string | undefined
      readonly cwd?: string | undefined
      readonly env?: Readonly<Record<string, string>> | undefined
      /** Fields of the launch that no request can overrule. */
      readonly launch?: Readonly<Record<string, unknown>> | undefined
      readonly maxLinks?: number | undefined
    }
  | { readonly system: 'cmdop'; readonly binaryPath?: string | undefined; readonly maxLinks?: number | undefined }
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
    }
  /** Bytes that nobody judges: whoever reaches it needs `admin`. */
  | {
      readonly system: 'raw'
      readonly socket?: string | undefined
      readonly port?: number | undefined
      readonly maxLinks?: number | undefined
    }

export async function upstreamOf(config: UpstreamConfig, env: Environment = process.env): Promise<Upstream> {
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
      const { path, cwd, env: own, launch } = config
      const given = { ...(path ? { path } : {}), ...(cwd ? { cwd: expandHome(cwd) } : {}), ...(own ? { env: own } : {}) }
      const transport = claudeProcess(given)
      return { kind: 'stream', system, transport, policy: claudePolicy, ...(launch ? { launch } : {}), ...bounded }
    }
    case 'cmdop': {
      // The policy reads envelopes of 1.x: to a core 2.0 the same bytes would be other calls.
      const transport = cmdopCore({ generation: 1, env, ...(config.binaryPath ? { binaryPath: config.binaryPath } : {}) })
      const launch = { ...resolveConfig({}, transport.environment ?? {}) }
      return { kind: 'stream', system, transport, launch, policy: cmdopPolicy, ...bounded }
    }
    case 'cmdop-relay':
    case 'cmdop-platform':
      return cmdopPlane(system, config, env)
    case 'catsyphon':
      return catsyphon(config, env)
    case 'raw': {
      const { socket, port } = config
      if (port !== undefined) return { kind: 'stream', system, transport: tcpSocket({ port }), policy: rawPolicy, ...bounded }
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
    // A link that leads nowhere is there all the same.
    const exists = await lstat(descriptor).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
    )
    const endpoint = endpointOf(exists ? await readTrusted(descriptor) : '')
    if (endpoint === FALLBACK) await checkSocket(join(folder, 'ccccd.sock'))
    else if (endpoint.transport === 'unix') await checkSocket(endpoint.path)
  })
}

/** The server's own headers come last: no request can replace a credential, or say whose it is. */
export function withCredential(transport: ExchangeTransport, own: Readonly<Record<string, string>>): ExchangeTransport {
  return {
    kind: 'exchange',
    name: transport.name,
    exchange: (request, options) => transport.exchange({ ...request, headers: { ...request.headers, ...own } }, options),
  }
}

function http(system: string, baseUrl: string, own: Readonly<Record<string, string>>, policy: ExchangePolicy): ExchangeUpstream {
  const transport = fetchExchange({ baseUrl, redirects: 'never', name: system })
  return { kind: 'exchange', system, transport: withCredential(transport, own), policy }
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
  const { serverUrl, collectorId, apiKeyEnv, apiKeyFile } = config
  const key = apiKeyFile
    ? (await readTrusted(expandHome(apiKeyFile), { secret: true })).trim()
    : apiKeyEnv
      ? env[apiKeyEnv]
      : undefined
  if ((apiKeyFile || apiKeyEnv) && !key)
    throw incomplete('The upstream catsyphon has no key in the place that its configuration names.')
  const own = { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(collectorId ? { 'x-collector-id': collectorId } : {}) }
  return http('catsyphon', serverUrl, own, catsyphonPolicy)
}

function incomplete(message: string): SignalboxError {
  return new SignalboxError({ code: 'invalid_argument', message, transport: 'gateway' })
}
