/** Refusals that the binding gives by itself, before there is a Request. */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Refusal } from '../../../src/gateway/index.js'
import { REFUSAL_HEADER, SECURITY_HEADERS } from '../../../src/gateway/replies.js'

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  ...SECURITY_HEADERS,
  connection: 'close',
}

export function refuse(response: ServerResponse, error: unknown): void {
  const refusal = asRefusal(error)
  if (response.headersSent) return void response.destroy()
  response.writeHead(refusal.status, { ...HEADERS, [REFUSAL_HEADER]: refusal.code })
  response.end(JSON.stringify(refusal))
}

export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const refusal = asRefusal(error)
  const body = JSON.stringify(refusal)
  const headers = { ...HEADERS, [REFUSAL_HEADER]: refusal.code, 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${refusal.status} Refused\r\n${lines.join('')}\r\n`
  socket.end(head + body, () => socket.destroy())
}

function asRefusal(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('invalid_request')
}
