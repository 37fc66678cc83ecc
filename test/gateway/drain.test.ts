/** A gateway that shuts down reports a forwarded request as sent: maybe. */
import { expect, test } from 'vitest'
import { createCredentials, createGateway } from '../../src/gateway/index.js'
import { catsyphonPolicy } from '../../src/gateway/policy/index.js'
import { abortError } from '../../src/core/deadline.js'
import { onAbort } from '../../src/core/on-abort.js'
import type { ExchangeTransport, Reply, Sent } from '../../src/index.js'

const TOKEN = 'sbx_token_of_the_test_0123456789abcdef'

async function drained(sent: Sent): Promise<unknown> {
  let reached = (): void => {}
  const arrived = new Promise<void>((resolve) => {
    reached = resolve
  })
  const transport: ExchangeTransport = {
    kind: 'exchange',
    name: 'slow',
    exchange: (_request, { signal } = {}) =>
      new Promise<Reply>((_resolve, reject) => {
        onAbort(signal, () => reject(abortError(signal as AbortSignal, { sent })))
        reached()
      }),
  }
  const credentials = createCredentials()
  await credentials.addToken(TOKEN, { scopes: ['send'] })
  const gateway = createGateway({
    credentials,
    allowedHosts: ['gateway.example'],
    upstreams: { logs: { kind: 'exchange', system: 'catsyphon', transport, policy: catsyphonPolicy } },
  })
  const request = new Request('https://gateway.example/v1/logs/http/collectors/events', {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: '{}',
  })
  const answer = gateway.handle(request, { hosts: ['gateway.example'] })
  await arrived
  void gateway.drain()
  const reply = await answer
  expect(reply.status).toBe(503)
  return ((await reply.json()) as { error: unknown }).error
}

test('[gateway.drain.sent] a shutdown fails a forwarded request with sent: maybe, and any other request with sent: no', async () => {
  expect(await drained('maybe')).toMatchObject({ code: 'draining', kind: 'unavailable', sent: 'maybe', hint: expect.any(String) })
  expect(await drained('no')).toMatchObject({ code: 'draining', sent: 'no' })
})
