/** `signalbox gateway`: configuration, upstreams, token file, and an end that clients are told about. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'
import type { GatewayEvent, Upstream } from '../../../src/gateway/index.js'
import { expandHome } from '../ccc/socket.js'
import { loadPages } from '../gateway/pages.js'
import type { TlsClient } from '../gateway/tls.js'
import { runGateway, type RunningGateway } from '../gateway/run.js'
import { readTrusted } from '../gateway/trust.js'
import { upstreamOf, upstreamsOf } from '../gateway/upstreams.js'
import type { GatewayArguments } from './arguments.js'
import { readConfig, type FileConfig } from './config.js'
import { detect } from './detect.js'

export interface Terminal {
  print(line: string): void
  complain(line: string): void
  readonly env: Readonly<Record<string, string | undefined>>
}

export const DEFAULT_PORT = 8700

export async function startGateway(gatewayArguments: GatewayArguments, terminal: Terminal): Promise<RunningGateway | undefined> {
  const file: FileConfig = gatewayArguments.config === undefined ? {} : await readConfig(gatewayArguments.config)
  const upstreams = await upstreamsOf(file.upstreams ?? {}, terminal.env)
  if (gatewayArguments.offer.length > 0 || Object.keys(upstreams).length === 0)
    Object.assign(upstreams, await offered(gatewayArguments.offer, terminal))
  if (Object.keys(upstreams).length === 0) {
    terminal.complain('Nothing is offered. Name what was found with --offer, or describe upstreams with --config.')
    return undefined
  }
  const tls = file.tls && {
    key: await readTrusted(expandHome(file.tls.keyFile), { secret: true }),
    cert: await readTrusted(expandHome(file.tls.certFile)),
    ...(file.tls.clients ? { clients: file.tls.clients as readonly TlsClient[] } : {}),
    requireClientCertificate: file.tls.requireClientCertificate ?? false,
  }
  const pages = gatewayArguments.pages ?? file.pages
  const scopes = gatewayArguments.scopes ?? file.scopes
  const host = gatewayArguments.host ?? file.host
  const port = gatewayArguments.port ?? file.port ?? DEFAULT_PORT
  const running = await runGateway({
    upstreams,
    port,
    tokenFile: (bound) => gatewayArguments.tokenFile ?? file.tokenFile ?? defaultTokenFile(terminal, bound),
    stateFolder: stateFolderOf(file, terminal, port),
    allowedOrigins: [...(file.allowedOrigins ?? []), ...gatewayArguments.allowOrigins],
    dangerouslyListenBeyondLoopback:
      gatewayArguments.dangerouslyListenBeyondLoopback || file.dangerouslyListenBeyondLoopback === true,
    onEvent: (event) => {
      const line = described(event)
      if (line !== undefined) terminal.complain(line)
    },
    ...(host === undefined ? {} : { host }),
    ...(file.allowedHosts ? { allowedHosts: file.allowedHosts } : {}),
    ...(file.limits ? { limits: file.limits } : {}),
    ...(tls ? { tls } : {}),
    ...(scopes ? { scopes } : {}),
    ...(pages === undefined ? {} : { pages: await loadPages(expandHome(pages)) }),
  })
  const { served } = running
  const offers = Object.keys(upstreams).join(', ')
  terminal.print(`Listening on ${served.url} for ${offers}; scopes: ${(scopes ?? ['observe']).join(', ')}.`)
  terminal.print(`Token of this launch: ${running.tokenFile}`)
  if (running.auditLog !== undefined) terminal.print(`Audit log: ${running.auditLog}`)
  terminal.print(`For a browser, once, within a minute: ${await served.ticketUrl()}`)
  return running
}

/** A port that the system chooses has another number each time, so nothing is kept for it unless a folder is configured. */
function stateFolderOf(file: FileConfig, { env }: Terminal, port: number): string | undefined {
  if (file.stateFolder !== undefined) return expandHome(file.stateFolder)
  if (port === 0) return undefined
  const state = env.XDG_STATE_HOME
  return state ? join(state, 'signalbox') : join(homedir(), '.signalbox')
}

/** Shows everything that was found first. Offers only the systems that were named. */
async function offered(names: readonly string[], terminal: Terminal): Promise<Record<string, Upstream>> {
  const found = await detect(terminal.env)
  terminal.print('On this machine:')
  for (const { name, found: config, why } of found) terminal.print(`  ${name.padEnd(10)} ${config ?? `no: ${why}`}`)
  const all = names.includes('all')
  const made: Record<string, Upstream> = {}
  for (const { name, config, found: detected } of found) {
    const named = names.includes(name)
    if (named && detected === undefined) {
      throw new SignalboxError({ code: 'unreachable', message: `${name} was not found on this machine, so it cannot be offered.` })
    }
    if ((all || named) && detected !== undefined) made[name] = await upstreamOf(config, terminal.env)
  }
  const strange = names.find((name) => name !== 'all' && !found.some((each) => each.name === name))
  if (strange !== undefined)
    throw new SignalboxError({ code: 'invalid_argument', message: `There is no system "${strange}" to offer.` })
  return made
}

export function defaultTokenFile({ env }: Pick<Terminal, 'env'>, port: number): string {
  const runtime = env.XDG_RUNTIME_DIR
  return join(runtime ? join(runtime, 'signalbox') : join(homedir(), '.signalbox'), `gateway-${port}.token`)
}

function described(event: GatewayEvent): string | undefined {
  if (event.type === 'refused') return `refused: ${event.code}${event.upstream ? ` (${event.upstream})` : ''}`
  if (event.type !== 'opened' && event.type !== 'closed') return undefined
  return `${event.type}: ${event.upstream} by ${event.how}, credential ${event.grant}`
}
