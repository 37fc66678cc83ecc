/** Agents and asks for completion, straight from the hub's socket: no client is loaded, and a slow hub gives no words. */
import { createConnection } from 'node:net'
import type { CompletionWords } from '../program/complete.js'
import { hubPlace } from '../settings/hub-place.js'

const PATIENCE_MS = 300

export function hubWords(env: Readonly<Record<string, string | undefined>>): CompletionWords {
  const ids = async (method: string): Promise<readonly string[]> => {
    const place = await hubPlace(env).catch(() => undefined)
    const result = place && (await callHub(place.socket, method))
    return Array.isArray(result)
      ? result.flatMap((item: { readonly id?: unknown }) => (typeof item.id === 'string' ? [item.id] : []))
      : []
  }
  return { agents: () => ids('agents'), asks: () => ids('asks') }
}

/** One call of the hub's protocol: a JSON line out, a JSON line back. */
function callHub(path: string, method: string): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    let text = ''
    const finish = (result: unknown): void => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(PATIENCE_MS, () => finish(undefined))
    socket.on('error', () => finish(undefined))
    socket.on('end', () => finish(undefined))
    socket.on('connect', () => socket.write(`${JSON.stringify({ id: 1, method })}\n`))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (!text.includes('\n')) return
      try {
        finish((JSON.parse(text.slice(0, text.indexOf('\n'))) as { result?: unknown }).result)
      } catch {
        finish(undefined)
      }
    })
  })
}
