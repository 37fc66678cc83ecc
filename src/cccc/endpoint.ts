/** Reads the text of the daemon's descriptor. It accepts what either of the published clients accepts. */
import { isRecord } from '../core/is-record.js'

/** Where the daemon listens, and its process id where the descriptor names it. */
export type CcccEndpoint =
  | { readonly transport: 'unix'; readonly path: string; readonly pid?: number }
  | { readonly transport: 'tcp'; readonly host: string; readonly port: number; readonly pid?: number }

/** The descriptor names no usable address: the socket beside it is tried. */
export const FALLBACK = 'fallback'

export function endpointOf(text: string): CcccEndpoint | typeof FALLBACK {
  const descriptor = parse(text)
  if (!isRecord(descriptor)) return FALLBACK
  // The tests of the Python client have descriptors without a version.
  if (descriptor.v !== undefined && descriptor.v !== 1) return FALLBACK
  const { pid: reportedPid } = descriptor
  const pid = typeof reportedPid === 'number' && Number.isInteger(reportedPid) && reportedPid > 0 ? { pid: reportedPid } : {}
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

/** The address to connect to: an unspecified address is one to listen on only. */
function reachable(given: unknown): string {
  const host = typeof given === 'string' ? given.trim().replace(/^\[(.*)\]$/, '$1') : ''
  if (host === '' || host === 'localhost' || host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
