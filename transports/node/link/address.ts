/** Checks addresses first, because the system silently cuts a long path and connects to another one. Pure. */
import { SignalboxError } from '../../../src/errors.js'

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, its closing zero included. */
export function maxUnixPathBytes(platform: string): number {
  return platform === 'linux' ? 107 : 103
}

const bad = (message: string, hint: string): SignalboxError => new SignalboxError({ code: 'invalid_argument', message, hint })

export function unixPath(path: string, platform: string = process.platform): string {
  if (path === '') throw bad('The socket path is empty.', 'Name the file that the server listens on.')
  if (path.includes('\0')) throw bad('The socket path holds a NUL character.', 'Pass the path of a file.')
  const bytes = new TextEncoder().encode(path).byteLength
  const limit = maxUnixPathBytes(platform)
  if (bytes > limit) {
    throw bad(
      `The socket path is ${bytes} bytes long; the system allows ${limit}.`,
      'Choose a shorter path, or a link to the folder of the socket.',
    )
  }
  return path
}

export function tcpTarget(options: { readonly host?: string; readonly port: number }, lowest = 1): { host: string; port: number } {
  const { host = '127.0.0.1', port } = options
  if (!Number.isInteger(port) || port < lowest || port > 65_535) {
    throw bad(`${port} is not a TCP port.`, `Pass a whole number from ${lowest} to 65535.`)
  }
  if (host === '' || /[\0\s/]/.test(host)) throw bad(`"${host}" is not a host.`, 'Pass a name or an address, without a scheme.')
  return { host, port }
}

const PIPE_PREFIX = '\\\\.\\pipe\\'

export function pipePath(name: string): string {
  const bare = name.replaceAll('/', '\\')
  const short = bare.toLowerCase().startsWith(PIPE_PREFIX) ? bare.slice(PIPE_PREFIX.length) : bare
  if (short === '' || short.includes('\\') || short.includes('\0') || short.length > 256) {
    throw bad(`"${name}" is not the name of a pipe.`, 'Pass up to 256 characters without a backslash.')
  }
  return PIPE_PREFIX + short
}
