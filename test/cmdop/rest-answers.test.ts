/** What servers answer over REST, odd answers among them: nobody outside has seen all of what they say. */
import { describe, expect, it } from 'vitest'
import { createCmdop, type AskFrame } from '../../src/cmdop/index.js'
import { cmdopRest } from '../../src/cmdop/rest.js'
import { fetchExchange } from '../../transports/web/fetch-exchange.js'
import { failure, M1 } from './set-up.js'

const encoder = new TextEncoder()

/** A client of servers that give these answers, one after another; a text is the body of a 200. */
function answering(
  ...answers: readonly (string | { readonly status: number; readonly text: string; readonly retryAfter?: string })[]
) {
  const left = [...answers]
  return createCmdop({
    fleetId: 'f',
    transport: cmdopRest({
      kind: 'exchange',
      name: 'scripted',
      async exchange() {
        const next = left.shift() ?? ''
        const { status, text, retryAfter = '' } = typeof next === 'string' ? { status: 200, text: next } : next
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(encoder.encode(text))
            controller.close()
          },
        })
        return { status, headers: retryAfter ? { 'retry-after': retryAfter } : {}, body }
      },
    }),
  })
}

describe('an id over REST', () => {
  it('that is two dots names nothing: it would make a request about what stands above [web.exchange-base]', async () => {
    const seen: string[] = []
    const fetch = async (url: string): Promise<Response> => {
      seen.push(url)
      return new Response(null, { status: 204 })
    }
    const relay = fetchExchange({ baseUrl: 'http://localhost:1', fetch })
    await using client = createCmdop({ fleetId: 'f', token: 't', transport: cmdopRest({ relay }) })
    expect(await failure(client.fleets.machines.detach('..'))).toMatchObject({ code: 'invalid_argument', sent: 'no' })
    expect(await failure(client.machines.disable('.'))).toMatchObject({ code: 'invalid_argument', sent: 'no' })
    expect(seen).toEqual([])
    await client.machines.disable('m..')
    expect(seen).toEqual(['http://localhost:1/api/machines/m..'])
  })
})

describe('answers over REST', () => {
  it('are completed by the rule of the pipe, and keep members that the schema does not know [cmdop.rest.absent]', async () => {
    const client = answering('{"items":[{"name":"n","is_jarvis":null,"rank":7}]}', 'null', '{"items":[{}],"page":3,"per_page":10}')
    const { items, hasMore, nextCursor } = await client.machines.list()
    expect(items[0]).toMatchObject({ id: '', name: 'n', isJarvis: false, fleets: [], rank: 7 })
    expect([hasMore, nextCursor, items[0] && 'disabledAt' in items[0]]).toEqual([false, undefined, false])
    expect(await client.machines.spend(M1)).toMatchObject({ window: '', totalUsd: 0, tokensIn: 0, topModels: [] })
    const schedules = await client.schedules.list()
    expect([schedules.offset, schedules.items[0]?.targetKind, schedules.items[0]?.machineIds]).toEqual([20, 'unspecified', []])
  })

  it('that are no JSON are protocol errors; an error page is quoted, and not at length [cmdop.rest.no-json]', async () => {
    const page = `<html>${'x'.repeat(2_000)}</html>`
    const client = answering('<html>', { status: 502, text: page }, { status: 400, text: '{"message":{"name":["too long"]}}' })
    expect(await failure(client.machines.list())).toMatchObject({ code: 'protocol', remoteCode: 'internal', sent: 'yes' })
    const gateway = await failure(client.machines.list())
    expect(gateway).toMatchObject({ name: 'ServerError', status: 502, message: expect.stringContaining('<html>x') })
    expect(String(gateway.message).length).toBeLessThan(400)
    const named = await failure(client.skills.create('n'))
    expect(named).toMatchObject({ name: 'ValidationError', message: expect.stringContaining('too long') })
  })

  it('to an ask may hold what has no name; what cannot be read is shown as it came [cmdop.rest.tolerant]', async () => {
    const events = [': a comment', 'data: {"type":"odd","n":1}', 'data: no json', 'data: 7', 'data: {"type":"event"}']
    const client = answering(`${[...events, 'data: {"type":"done"}'].join('\n\n')}\n\n`)
    const frames: AskFrame[] = []
    for await (const frame of client.machines.ask(M1, 'x')) frames.push(frame)
    expect(frames).toEqual([
      { type: 'unknown', raw: { type: 'odd', n: 1 } },
      { type: 'unknown', raw: { type: 'unreadable', data: 'no json' } },
      { type: 'unknown', raw: { type: 'unreadable', data: '7' } },
      { type: 'event', eventType: 0, payload: undefined },
      { type: 'done', success: false, text: '', error: '', durationMs: 0 },
    ])
  })

  it('to a confirmation that are no stream end the ask without success [cmdop.rest.tolerant]', async () => {
    const question = 'data: {"type":"confirm_required","token":"t","plan":"p"}\n\n'
    const client = answering(question, '{"ok":true}')
    const stream = client.machines.ask(M1, 'x')
    expect(await stream.collect({ onConfirm: () => true })).toBe('confirm rejected')
    expect(stream.done?.success).toBe(false)
  })

  it('that ask for patience are understood in seconds and as a date, and nothing else is', async () => {
    const refusal = (retryAfter: string) => ({ status: 429, text: '', retryAfter })
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString()
    const client = answering(...['7', inAnHour, '-7', 'soon'].map(refusal))
    const patience = async () => (await failure(client.machines.list())).retryAfterMs
    expect(await patience()).toBe(7_000)
    expect(Math.abs(Number(await patience()) - 3_600_000)).toBeLessThan(10_000)
    expect([await patience(), await patience()]).toEqual([undefined, undefined])
  })
})
