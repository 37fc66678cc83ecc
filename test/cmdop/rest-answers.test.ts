/** Answers of servers over REST, also unusual ones, because not all answers of real servers are known. */
import { describe, expect, it } from 'vitest'
import { createCmdop, type AskFrame, type CmdopOptions } from '../../src/cmdop/index.js'
import { cmdopRest } from '../../src/cmdop/rest.js'
import { fetchExchange } from '../../transports/web/fetch-exchange.js'
import { failure, M1 } from './set-up.js'

const encoder = new TextEncoder()

/** A client of servers that give these answers, one after another; a text is the body of a 200. */
type ScriptedAnswer = string | { readonly status: number; readonly text: string; readonly retryAfter?: string }

function answeringWith(options: Partial<CmdopOptions>, ...answers: readonly ScriptedAnswer[]) {
  const left = [...answers]
  return createCmdop({
    fleetId: 'f',
    ...options,
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

const answering = (...answers: readonly ScriptedAnswer[]) => answeringWith({}, ...answers)

describe('an id over REST', () => {
  it('that is two dots is refused, because it would address the parent path [web.exchange-base]', async () => {
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
  const machine = {
    ...{ id: M1, name: 'n', hostname: 'h', os: 'linux', os_version: '6', architecture: 'amd64', agent_version: '1' },
    ...{ presence: 'online', created_at: 'c', fleets: [], is_jarvis: false },
    specs: { cpu_model: '', cpu_count: 1, total_ram_bytes: 1, home_dir: '/', uid: 0, device_type: '', device_model: '' },
  }
  const schedule = {
    ...{ id: 's', fleet_id: 'f', name: 'n', description: '', cron_expr: '* * * * *', timezone: 'UTC', command: 'c' },
    ...{ target_kind: 'all_fleet_machines', is_enabled: true, machine_ids: [], created_at: 'c', updated_at: 'u' },
  }
  const json = (value: unknown): string => JSON.stringify(value)

  it('can lack optional members, and unknown members are kept in camelCase [cmdop.rest.absent]', async () => {
    const client = answering(
      json({ items: [{ ...machine, last_heartbeat_at: null, free_disk: 7 }], has_more: false }),
      json({ ...machine, username: 'u', is_root: true, public_key_version: 1, boot_rank: 3 }),
      json({ items: [schedule], page: 3, per_page: 10, total: 40, has_next: true, has_prev: true }),
    )
    const { items } = await client.machines.list()
    expect(items[0]).toMatchObject({ id: M1, name: 'n', isJarvis: false, fleets: [], freeDisk: 7 })
    expect(items[0] && 'lastHeartbeatAt' in items[0]).toBe(false)
    const detail = await client.machines.get(M1)
    expect(detail).toMatchObject({ summary: { id: M1, osVersion: '6' }, username: 'u', isRoot: true, bootRank: 3 })
    expect(Object.keys(detail).filter((key) => key.includes('_') || key === 'hostname')).toEqual([])
    const schedules = await client.schedules.list({ page: 3, perPage: 10 })
    expect(schedules).toEqual({ items: [expect.objectContaining({ id: 's', machineIds: [] })], offset: 20, perPage: 10, total: 40 })
  })

  it.each([
    ['machines.get', '{}', 'id'],
    ['machines.get', 'null', 'the answer'],
    ['machines.get', '[]', 'the answer'],
    ['machines.list', '{}', 'items'],
    ['machines.list', '{"items":{}}', 'items'],
    ['machines.list', '{"items":[{}],"has_more":false}', 'items.0.id'],
    ['machines.list', json({ items: [{ ...machine, is_jarvis: undefined }], has_more: false }), 'items.0.is_jarvis'],
    ['machines.list', json({ items: [{ ...machine, specs: 'none' }], has_more: false }), 'items.0.specs'],
    ['keys.list', json({ items: [], total: 0, per_page: 20 }), 'page'],
  ] as const)('to %s that are %s are protocol errors that name %s [cmdop.rest.required]', async (op, text, path) => {
    const client = answering(text)
    const calls = {
      'machines.get': () => client.machines.get(M1),
      'machines.list': () => client.machines.list(),
      'keys.list': () => client.keys.list(),
    }
    const error = await failure(calls[op]())
    expect(error).toMatchObject({ name: 'CmdopError', code: 'protocol', sent: 'yes', op })
    expect(error.message).toContain(path)
  })

  it.each([
    ['a text where a number is due', { ...machine, specs: { ...machine.specs, cpu_count: 'two' } }, 'items.0.specs.cpuCount'],
    ['null where a value is due', { ...machine, is_jarvis: null }, 'items.0.isJarvis'],
    ['a number where a text is due', { ...machine, hostname: 5 }, 'items.0.hostname'],
    [
      'an integer beyond 2^53',
      { ...machine, specs: { ...machine.specs, total_ram_bytes: 2 ** 60 } },
      'items.0.specs.totalRamBytes',
    ],
  ])('that hold %s are reported, refused or passed, as validate says [cmdop.rest.validate]', async (_what, row, path) => {
    const text = json({ items: [row], has_more: false })
    const events: unknown[] = []
    const onEvent = (event: unknown): void => void events.push(event)
    const warned = answeringWith({ onEvent }, text)
    expect((await warned.machines.list()).items.length).toBe(1)
    expect(events).toEqual([{ type: 'invalid', op: 'machines.list', path, message: expect.any(String) }])
    const strict = answeringWith({ validate: 'strict' }, text)
    expect(await failure(strict.machines.list())).toMatchObject({ name: 'CmdopError', code: 'invalid_message', sent: 'yes' })
    const off = answeringWith({ validate: 'off', onEvent }, text)
    expect((await off.machines.list()).items.length).toBe(1)
    expect(events.length).toBe(1)
  })

  it('with an unknown enum value are reported, and kept unchanged [cmdop.rest.validate]', async () => {
    const events: unknown[] = []
    const text = json({ items: [{ ...schedule, target_kind: 'moon' }], page: 1, per_page: 20, total: 1 })
    const client = answeringWith({ onEvent: (event) => void events.push(event) }, text)
    expect((await client.schedules.list()).items[0]?.targetKind).toBe('moon')
    expect(events).toMatchObject([{ path: 'items.0.targetKind' }])
  })

  it('that are not JSON are protocol errors; a bounded part of an error page is quoted [cmdop.rest.no-json]', async () => {
    const page = `<html>${'x'.repeat(2_000)}</html>`
    const client = answering('<html>', { status: 502, text: page }, { status: 400, text: '{"message":{"name":["too long"]}}' })
    expect(await failure(client.machines.list())).toMatchObject({ code: 'protocol', remoteCode: 'internal', sent: 'yes' })
    const gateway = await failure(client.machines.list())
    expect(gateway).toMatchObject({ name: 'ServerError', status: 502, message: expect.stringContaining('<html>x') })
    expect(String(gateway.message).length).toBeLessThan(400)
    const named = await failure(client.skills.create('n'))
    expect(named).toMatchObject({ name: 'ValidationError', message: expect.stringContaining('too long') })
  })

  it('to an ask can hold frames without a name; unreadable frames are delivered unchanged [cmdop.rest.tolerant]', async () => {
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

  it('to a confirmation that are not a stream end the ask without success [cmdop.rest.tolerant]', async () => {
    const question = 'data: {"type":"confirm_required","token":"t","plan":"p"}\n\n'
    const client = answering(question, '{"ok":true}')
    const stream = client.machines.ask(M1, 'x')
    expect(await stream.collect({ onConfirm: () => true })).toBe('confirm rejected')
    expect(stream.done?.success).toBe(false)
  })

  it('with Retry-After are read in seconds and as a date, and in no other form', async () => {
    const refusal = (retryAfter: string) => ({ status: 429, text: '', retryAfter })
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString()
    const client = answering(...['7', inAnHour, '-7', 'soon'].map(refusal))
    const patience = async () => (await failure(client.machines.list())).retryAfterMs
    expect(await patience()).toBe(7_000)
    expect(Math.abs(Number(await patience()) - 3_600_000)).toBeLessThan(10_000)
    expect([await patience(), await patience()]).toEqual([undefined, undefined])
  })
})
