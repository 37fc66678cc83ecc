/** Reads the daemon's descriptor as leniently as the published clients do together. Pure: whoever has a file system reads the file. */
import { isRecord } from '../core/is-record.js'

export type CcccEndpoint =
  | { readonly transport: 'unix'; readonly path: string; readonly pid?: number }
  | { readonly transport: 'tcp'; readonly host: string; readonly port: number; readonly pid?: number }

/** Nothing usable is written there: try the socket that lies beside it. */
export const FALLBACK = 'fallback'

export function endpointOf(text: string): CcccEndpoint | typeof FALLBACK {
  const descriptor = parse(text)
  if (!isRecord(descriptor)) return FALLBACK
  // Old writers left the version out.
  if (descriptor.v !== undefined && descriptor.v !== 1) return FALLBACK
  const { pid: told } = descriptor
  const pid = typeof told === 'number' && Number.isInteger(told) && told > 0 ? { pid: told } : {}
  const kind = typeof descriptor.transport === 'string' ? descriptor.transport.trim().toLowerCase() : ''
  if (kind === 'unix') {
    const path = typeof descriptor.path === 'string' ? descriptor.path.trim() : ''
    return path === '' ? FALLBACK : { transport: 'unix', path, ...pid }
  }
  if (kind !== 'tcp') return FALLBACK
  const { port } = descriptor
  if (typeof port !== 'number' || !Number.isInteger(port) || port <= 0 || port > 65_535) return FALLBACK
  return { transport: 'tcp', host: reachable(descriptor.host), port, ...pid }
}

/** A daemon listens on IPv4 only, and what it listens on is not always what one can connect to. */
function reachable(host: unknown): string {
  const name = typeof host === 'string' ? host.trim() : ''
  return name === '' || name === 'localhost' || name === '0.0.0.0' || name.includes(':') ? '127.0.0.1' : name
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
