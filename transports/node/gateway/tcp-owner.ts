/**
 * Which user owns the socket that listens on a port of this machine. Any user may listen on a free port, and would receive data meant for
 * the owner's service. Checked on Linux only: other systems do not tell the owner.
 */
import { readFile } from 'node:fs/promises'
import { SignalboxError } from '../../../src/errors.js'
import { isLoopback } from './loopback.js'

const LISTENING = '0A'
/** Addresses that a connection to the loopback can reach, as the kernel writes them: `127.0.0.1`, any, `::1`, any, and IPv4 inside IPv6. */
const LOCAL = /^(?:[0-9A-F]{6}7F|0{8}|0{24}01000000|0{32}|0{16}FFFF0000[0-9A-F]{6}7F)$/

/** The users that listen on this port, by the tables of the kernel. Empty when the kernel does not tell. */
export function listenersOf(tables: readonly string[], port: number): number[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const owners: number[] = []
  for (const line of tables.flatMap((table) => table.split('\n').slice(1))) {
    const [, local = '', , state, , , , uid] = line.trim().split(/\s+/)
    const [address = '', localPort] = local.split(':')
    if (state === LISTENING && localPort === wanted && LOCAL.test(address)) owners.push(Number(uid))
  }
  return owners
}

/** Throws when the service at a loopback address belongs to another user than this process or root. */
export async function checkTcpOwner(host: string, port: number): Promise<void> {
  const me = process.getuid?.()
  if (me === undefined || !isLoopback(host)) return
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')))
  const stranger = listenersOf(tables, port).find((uid) => uid !== me && uid !== 0)
  if (stranger === undefined) return
  throw new SignalboxError({
    code: 'permission_denied',
    message: `Port ${port} of this machine is not trusted: another user (uid ${stranger}) listens on it.`,
    hint: 'Run the gateway as that user, or name the port of your own service.',
    transport: 'gateway',
    sent: 'no',
  })
}
