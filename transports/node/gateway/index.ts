/** The gateway's server, which loads when it is first served: most programs that import `signalbox/node` have none. */
import type { AdminAnswers, AdminRequest, AdminSocketOptions } from './admin-socket.js'
import type { AuditEntry } from '../../../src/gateway/index.js'
import type { AuditLog, AuditOptions, ReadAuditOptions } from './audit.js'
import type { DeviceFile } from './device-file.js'
import type { ServedGateway, ServeGatewayOptions } from './serve.js'

export type { AdminAnswers, AdminRequest, AdminSocketOptions } from './admin-socket.js'
export type { AuditEntry } from '../../../src/gateway/index.js'
export type { AuditLog, AuditOptions, ReadAuditOptions } from './audit.js'
export type { DeviceFile } from './device-file.js'
export type { Tls, TlsClient } from './tls.js'
export type { ServedGateway, ServeGatewayOptions } from './serve.js'

/**
 * Serves a gateway over HTTP and WebSocket. Resolves once it listens; rejects when the address is taken or may not be served.
 *
 * @example
 * import { cccPolicy } from 'signalbox/gateway/policy'
 * import { cccSocket, serveGateway } from 'signalbox/node'
 *
 * await using served = await serveGateway({
 *   scopes: ['observe', 'send'],
 *   upstreams: { ccc: { kind: 'stream', system: 'ccc', transport: cccSocket(), policy: cccPolicy } },
 * })
 * console.log(await served.ticketUrl())
 */
export async function serveGateway(options: ServeGatewayOptions): Promise<ServedGateway> {
  const server = await import('./serve.js')
  return server.serveGateway(options)
}

/**
 * Opens the log, in a folder that only this user may write to.
 *
 * @example
 * import { openAuditLog, serveGateway } from 'signalbox/node'
 *
 * await using audit = await openAuditLog({ path: '/home/me/.signalbox/audit.log' })
 * await using served = await serveGateway({ upstreams: {}, onEvent: (event) => audit.write(event) })
 * console.log(served.url)
 */
export async function openAuditLog(options: AuditOptions): Promise<AuditLog> {
  return (await import('./audit.js')).openAuditLog(options)
}

/**
 * The last entries, the oldest first, over all rotated files. Broken lines are left out.
 *
 * @example
 * import { readAuditLog } from 'signalbox/node'
 *
 * const entries = await readAuditLog('/home/me/.signalbox/audit.log', { limit: 20 })
 * for (const { time, event, name, op, outcome } of entries) console.log(time, event, name, op, outcome)
 */
export async function readAuditLog(path: string, options: ReadAuditOptions = {}): Promise<AuditEntry[]> {
  return (await import('./audit.js')).readAuditLog(path, options)
}

/**
 * Reads the devices of an earlier run and writes every change. Pass the result to `createCredentials`.
 *
 * @example
 * import { createCredentials } from 'signalbox/gateway'
 * import { openDeviceFile, serveGateway } from 'signalbox/node'
 *
 * const credentials = createCredentials(await openDeviceFile('/home/me/.signalbox/devices.json'))
 * await using served = await serveGateway({ upstreams: {}, credentials })
 * console.log(await served.ticketUrl({ scopes: ['send'], device: true, name: 'phone' }))
 */
export async function openDeviceFile(path: string): Promise<DeviceFile> {
  return (await import('./device-file.js')).openDeviceFile(path)
}

/**
 * Opens the admin socket of a gateway. Disposal closes it. Rejects when the folder or a socket of that name belongs to another
 * user, or when another gateway listens on it.
 *
 * @example
 * import { serveAdminSocket, serveGateway } from 'signalbox/node'
 *
 * await using served = await serveGateway({ upstreams: {} })
 * const { credentials } = served.gateway
 * await using admin = await serveAdminSocket({ path: '/run/user/1000/signalbox/admin.sock', credentials, ticketUrl: served.ticketUrl })
 */
export async function serveAdminSocket(options: AdminSocketOptions): Promise<AsyncDisposable> {
  return (await import('./admin-socket.js')).serveAdminSocket(options)
}

/**
 * Asks a running gateway.
 *
 * @example
 * import { askAdminSocket } from 'signalbox/node'
 *
 * const { url } = await askAdminSocket('/run/user/1000/signalbox/gateway-8700.sock', { op: 'ticket', name: 'phone', device: true })
 * console.log(url)
 */
export async function askAdminSocket<Op extends AdminRequest['op']>(
  path: string,
  asked: Extract<AdminRequest, { readonly op: Op }>,
): Promise<AdminAnswers[Op]> {
  return (await import('./admin-socket.js')).askAdminSocket(path, asked)
}
