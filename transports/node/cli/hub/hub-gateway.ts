/** The gateway of `signalbox up`: the running hub as the upstream `hub`, and the dashboard as its pages. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SignalboxError } from '../../../../src/errors.js'
import { hubPolicy } from '../../../../src/gateway/policy/hub.js'
import type { Scope } from '../../../../src/gateway/index.js'
import { loadPages } from '../../gateway/pages.js'
import { runGateway, type RunningGateway } from '../../gateway/run.js'
import { hubSocket } from '../../hub/socket.js'
import { DEFAULT_PORT, defaultTokenFile } from '../gateway.js'

export interface HubGatewayOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The socket of the hub. */
  readonly socket: string
  /** Undefined: the default port, or any free port when another program has it. */
  readonly port?: number | undefined
  readonly scopes?: readonly Scope[] | undefined
  readonly allowedOrigins?: readonly string[] | undefined
  /** Other pages than the dashboard. */
  readonly pages?: string | undefined
  /** False: devices and the audit log are not kept. */
  readonly keep: boolean
}

export interface HubGateway {
  readonly running: RunningGateway
  /** The pages that are served; undefined where this installation has none. */
  readonly pages: string | undefined
}

/** Starts the gateway. Rejects with `conflict` when the named port is taken. */
export async function startHubGateway(options: HubGatewayOptions): Promise<HubGateway> {
  const { env, socket, scopes = ['observe', 'send', 'approve'], allowedOrigins, keep } = options
  const folder = options.pages ?? dashboardFolder()
  const pages = folder === undefined ? undefined : await loadPages(folder)
  const hub = { kind: 'stream', system: 'hub', transport: hubSocket({ path: socket }), policy: hubPolicy } as const
  const start = (port: number): Promise<RunningGateway> =>
    runGateway({
      upstreams: { hub },
      port,
      scopes,
      tokenFile: (bound) => defaultTokenFile({ env }, bound),
      ...(allowedOrigins ? { allowedOrigins } : {}),
      ...(pages ? { pages } : {}),
      ...(keep && port !== 0
        ? { stateFolder: env.XDG_STATE_HOME ? join(env.XDG_STATE_HOME, 'signalbox') : join(homedir(), '.signalbox') }
        : {}),
    })
  const { port } = options
  try {
    return { running: await start(port ?? DEFAULT_PORT), pages: folder }
  } catch (error) {
    if (port !== undefined || !SignalboxError.is(error, 'conflict')) throw error
    return { running: await start(0), pages: folder }
  }
}

/** The built dashboard of this package; undefined in a checkout where it was not built. */
export function dashboardFolder(): string | undefined {
  try {
    const folder = fileURLToPath(new URL('dist/dashboard', import.meta.resolve('signalbox/package.json')))
    return existsSync(join(folder, 'index.html')) ? folder : undefined
  } catch {
    // The program was bundled into another package.
    return undefined
  }
}
