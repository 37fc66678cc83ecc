/** MSW handlers for the Messages API: the scripted model, streamed or whole, for tests of web pages and of the fallback. */
import { delay, http, HttpResponse, type HttpHandler } from 'msw'
import { scriptedModel, type FakeModel, type FakeRequest } from '../claude/fake-model.js'
import { COUNT_TOKENS_PATH, MESSAGES_PATH, wireAnswer } from '../claude/messages-wire.js'

/** Options of `messagesHandlers`. */
export interface MessagesHandlersOptions {
  /** The address of the API. Default `https://api.anthropic.com`. */
  readonly baseUrl?: string
  /** Decides the replies. Default `scriptedModel`. */
  readonly model?: FakeModel
  /** Called with the parsed body of every call. */
  readonly onRequest?: (body: unknown) => void
}

interface Body {
  readonly model: string
  readonly stream?: boolean
  readonly messages: FakeRequest['messages']
}

/**
 * MSW handlers for the Messages API. They count the attempts at each prompt, so make new handlers for each test.
 *
 * @example
 * import { setupServer } from 'msw/node'
 * import { messagesHandlers } from 'signalbox/testing/msw'
 *
 * const server = setupServer(...messagesHandlers({ onRequest: (body) => console.log(body) }))
 * server.listen()
 */
export function messagesHandlers(options: MessagesHandlersOptions = {}): HttpHandler[] {
  const { baseUrl = 'https://api.anthropic.com', model = scriptedModel, onRequest } = options
  const attempts = new Map<string, number>()
  let serial = 0
  return [
    http.post(`${baseUrl}${MESSAGES_PATH}`, async ({ request }) => {
      const body = (await request.json()) as Body
      onRequest?.(body)
      serial += 1
      const key = JSON.stringify(body.messages.at(-1))
      const attempt = attempts.get(key) ?? 0
      attempts.set(key, attempt + 1)
      const asked = { model: body.model, messages: body.messages, attempt, stream: body.stream === true, serial }
      const answer = wireAnswer(model(asked), asked)
      if (answer.ending === 'hang') await delay('infinite')
      if (answer.ending === 'reset' && answer.pieces.length === 0) return HttpResponse.error()
      const encoder = new TextEncoder()
      const pieces = answer.pieces.values()
      const stream = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { done, value } = pieces.next()
          if (!done) {
            if (answer.paceMs > 0) await delay(answer.paceMs)
            controller.enqueue(encoder.encode(value))
          } else if (answer.ending === 'reset') controller.error(new Error('connection reset'))
          else controller.close()
        },
      })
      return new HttpResponse(stream as never, { status: answer.status, headers: { ...answer.headers } } as never)
    }),
    http.post(`${baseUrl}${COUNT_TOKENS_PATH}`, () => HttpResponse.json({ input_tokens: 120 })),
  ]
}
