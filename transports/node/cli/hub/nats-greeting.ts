/**
 * Whether a NATS server listens at an address: it speaks first, with a line that begins with INFO. The NATS client leaves its socket open
 * when another program listens there, so that our process would not end.
 */
import { createConnection } from 'node:net'

/** Rejects with the error of the socket, or with a `TimeoutError` when nothing that a NATS server says came in time. */
export function awaitGreeting(server: string, timeoutMs: number): Promise<void> {
  // Only a known scheme makes a URL with a host and a port. Of https the default port 443 is left out.
  const { hostname, port } = new URL(server.replace(/^\w+:/, 'https:'))
  const defaultPort = server.endsWith(':443') ? 443 : 4222
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? defaultPort : port) })
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    const silent = (): void => finish(Object.assign(new Error('no greeting'), { name: 'TimeoutError' }))
    const timer = setTimeout(silent, timeoutMs)
    socket.once('error', finish)
    socket.once('close', silent)
    socket.once('data', (bytes) => (bytes.toString('latin1').startsWith('INFO ') ? finish() : silent()))
  })
}
