/**
 * A local imitation of the Messages API on a real port, for the real CLI and for the fetch transport. Speaks the scripted model.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { scriptedModel, type FakeRequest } from '../../src/testing/claude/fake-model.js'
import { wireAnswer } from '../../src/testing/claude/messages-wire.js'

export interface Imitation extends AsyncDisposable {
  readonly url: string
  /** Bodies of `POST /v1/messages`, in order. */
  readonly requests: readonly { readonly body: Body; readonly headers: IncomingMessage['headers'] }[]
  close(): Promise<void>
}

interface Body {
  readonly model: string
  readonly stream?: boolean
  readonly messages: FakeRequest['messages']
  readonly system?: unknown
  readonly tools?: readonly { readonly name: string }[]
}

export async function imitateMessagesApi(): Promise<Imitation> {
  const requests: { body: Body; headers: IncomingMessage['headers'] }[] = []
  const attempts = new Map<string, number>()
  let serial = 0
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy())
  })

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0]
    if (request.method === 'HEAD' || request.method === 'GET') return void response.writeHead(200).end()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (path === '/v1/messages/count_tokens') {
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":120}')
    }
    if (path !== '/v1/messages') return void response.writeHead(404).end()
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body
    // A title for the session, a quota probe: not the conversation.
    if (!body.tools?.length && body.messages.length === 1 && /title|quota|summar/i.test(JSON.stringify(body.system ?? ''))) {
      return await send(response, { ...body, messages: [{ role: 'user', content: 'title' }] }, 0)
    }
    requests.push({ body, headers: request.headers })
    // Counted for each kind of request, because the CLI also sends other requests with the text of the conversation.
    const key = JSON.stringify([body.tools?.length ?? 0, body.messages.at(-1)])
    const attempt = attempts.get(key) ?? 0
    attempts.set(key, attempt + 1)
    await send(response, body, attempt)
  }
  const send = async (response: ServerResponse, body: Body, attempt: number): Promise<void> => {
    serial += 1
    const request = { model: body.model, messages: body.messages, attempt, stream: body.stream === true, serial }
    const answer = wireAnswer(scriptedModel(request), request)
    if (answer.ending === 'reset' && answer.pieces.length === 0) return void response.socket?.resetAndDestroy()
    response.writeHead(answer.status, answer.headers)
    for (const piece of answer.pieces) {
      if (answer.paceMs > 0) await new Promise((resolve) => setTimeout(resolve, answer.paceMs))
      if (response.destroyed) return
      if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
    }
    if (answer.ending === 'end') response.end()
    else if (answer.ending === 'reset') setTimeout(() => response.socket?.resetAndDestroy(), 20)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${port}`, requests, close, [Symbol.asyncDispose]: close }
}
