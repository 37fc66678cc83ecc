/**
 * A gateway as the command line runs it: its launch token in a private file, devices that survive a restart, an audit log, and an admin
 * socket.
 */
import { join } from 'node:path'
import { createCredentials, type AuditEntry, type GatewayEvent } from '../../../src/gateway/index.js'
import { serveAdminSocket } from './admin-socket.js'
import { openAuditLog, readAuditLog, type AuditLog } from './audit.js'
import { openDeviceFile, type DeviceFile } from './device-file.js'
import { serveGateway, type ServedGateway, type ServeGatewayOptions } from './serve.js'
import { prepareTokenFolder, writeTokenFile } from './token-file.js'

/** What runs, and where its files are. */
export interface RunGatewayOptions extends Omit<ServeGatewayOptions, 'credentials'> {
  readonly port: number
  /** Where the launch token is written, by the port that is listened on. */
  readonly tokenFile: (port: number) => string
  /** The admin socket; default: the token file's name with `.sock`. `false`: none. */
  readonly adminSocket?: string | false | undefined
  /** Where devices and the audit log are kept, by the configured port. Undefined: neither outlives the gateway. */
  readonly stateFolder?: string | undefined
}

/** A gateway that runs, with its files. */
export interface RunningGateway extends AsyncDisposable {
  readonly served: ServedGateway
  readonly tokenFile: string
  readonly adminSocket: string | undefined
  readonly auditLog: string | undefined
}

/** The admin socket of the gateway whose token file this is. */
export const adminSocketOf = (tokenFile: string): string => `${tokenFile.replace(/\.token$/, '')}.sock`

/** Starts all parts. When one fails, the parts that were opened before it are closed again. */
export async function runGateway(options: RunGatewayOptions): Promise<RunningGateway> {
  /** The parts that are open, the last one first. */
  const opened: AsyncDisposable[] = []
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0)) await each[Symbol.asyncDispose]()
  }
  const keep = <Opened extends AsyncDisposable>(each: Opened): Opened => {
    opened.unshift(each)
    return each
  }
  try {
    return { ...(await start(options, keep)), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  options: RunGatewayOptions,
  keep: <Opened extends AsyncDisposable>(each: Opened) => Opened,
): Promise<Omit<RunningGateway, typeof Symbol.asyncDispose>> {
  const { port, tokenFile, stateFolder, adminSocket, onEvent, ...serve } = options
  // The folders are checked before any client can connect.
  await prepareTokenFolder(tokenFile(port))
  let devices: DeviceFile | undefined
  let audit: AuditLog | undefined
  let auditPast: readonly AuditEntry[] = []
  if (stateFolder !== undefined) {
    devices = await openDeviceFile(join(stateFolder, `gateway-${port}.devices.json`))
    keep({ [Symbol.asyncDispose]: devices.flush })
    const path = join(stateFolder, `gateway-${port}.audit.log`)
    audit = keep(await openAuditLog({ path }))
    auditPast = await readAuditLog(path, { limit: 500 })
  }
  const credentials = createCredentials({
    ...(options.clock ? { clock: options.clock } : {}),
    ...(devices ? { devices: devices.devices, onDevices: devices.onDevices } : {}),
  })
  const onBoth = (event: GatewayEvent): void => {
    audit?.write(event)
    onEvent?.(event)
  }
  const served = keep(await serveGateway({ ...serve, auditPast, port, credentials, onEvent: onBoth }))
  const token = keep(await writeTokenFile(tokenFile(served.port), served.token))
  const socketPath = adminSocket === false ? undefined : (adminSocket ?? adminSocketOf(token.path))
  if (socketPath !== undefined) {
    const { ticketUrl } = served
    keep(await serveAdminSocket({ path: socketPath, credentials, ticketUrl, auditPath: audit?.path }))
  }
  return { served, tokenFile: token.path, adminSocket: socketPath, auditLog: audit?.path }
}
