/** What a failure states about a request: whether it was sent, and the kind of failure. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCccc, OutcomeUnknownError, type CcccStreamItem } from '../../src/cccc/index.js'
import { endpointOf } from '../../src/cccc/endpoint.js'
import { SignalboxError } from '../../src/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'
import type { Link, StreamTransport } from '../../src/transport.js'
import { ccccDaemon } from '../../transports/node/index.js'
import { memoryPair } from '../../src/testing/memory-link.js'
import { turns } from '../eventually.js'

/** A home whose descriptor names a TCP port. */
async function homeAt(port: number, host = '127.0.0.1'): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'cccc-outcome-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  await mkdir(join(home, 'daemon'))
  const descriptor = { v: 1, transport: 'tcp', host, port, pid: process.pid }
  await writeFile(join(home, 'daemon', 'ccccd.addr.json'), JSON.stringify(descriptor))
  return home
}

/** Answers the first bytes of every connection with these, and closes. */
async function stranger(answer: string): Promise<{ port: number; received: string[] }> {
  const received: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      received.push(bytes.toString())
      socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { port: (server.address() as AddressInfo).port, received }
}

describe('a port of another server', () => {
  test.each([
    ['closes without an answer', ''],
    ['answers in HTTP', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ['answers with half a line', '{"v":1,"ok":tr'],
    ['answers without a pid', '{"v":1,"ok":true,"result":{}}\n'],
    ['refuses a ping', '{"v":1,"ok":false,"error":{"code":"unknown_op","message":"?"}}\n'],
  ])('that %s gets no create, and the create fails with sent: no [cccc.never-left]', async (_title, answer) => {
    const { port, received } = await stranger(answer)
    await using client = createCccc({ transport: ccccDaemon({ home: await homeAt(port) }) })
    const failure = await client.groups.create({ title: 'x' }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'DaemonUnavailableError', code: 'unreachable', sent: 'no', op: 'group_create' })
    expect(received.join()).not.toContain('group_create')
  })
})

test.each([
  ['::1', '::1'],
  ['[::1]', '::1'],
  ['::', '::1'],
  ['fe80::1', 'fe80::1'],
])('a descriptor with host %s is dialled at %s [cccc.ipv6]', (host, dialled) => {
  const text = JSON.stringify({ v: 1, transport: 'tcp', host, port: 9765 })
  expect(endpointOf(text)).toMatchObject({ host: dialled })
})

test('a request for a reply without recipients goes out without a `to` [cccc.open-request]', async () => {
  await using simulator = createCcccSimulator({ dialect: 'C' })
  await using client = createCccc({ transport: simulator.transport })
  const { group_id: groupId } = await client.groups.create({ title: 'x' })
  await client.messages.send({ groupId, text: 'who?', replyRequired: true }).catch(() => {})
  const sent = simulator.ledger.requests.find(({ op }) => op === 'send')
  expect(sent?.args).toMatchObject({ message_mode: 'request_reply' })
  expect(sent?.args).not.toHaveProperty('to')
})

test('a list of task ids or statuses travels as one string, which is what the daemon reads [cccc.list-arguments]', async () => {
  await using simulator = createCcccSimulator({ dialect: 'C' })
  await using client = createCccc({ transport: simulator.transport })
  const { group_id: groupId } = await client.groups.create({ title: 'x' })
  for (const title of ['a', 'b', 'c']) await client.context.sync({ groupId, ops: [{ op: 'task.create', title }] })
  const { tasks } = await client.context.taskList({ groupId, taskIds: ['T001', 'T003'] })
  expect((tasks ?? []).map(({ title }) => title)).toEqual(['a', 'c'])
  await client.context.taskList({ groupId, statuses: ['done', 'active'] })
  expect(simulator.ledger.requests.at(-1)?.args.statuses).toBe('done,active')
})

test('a deadline after the request was written is an OutcomeUnknownError [cccc.late-answer]', async () => {
  await using simulator = createCcccSimulator()
  await using client = createCccc({ transport: simulator.transport })
  simulator.faults.answerAfterMs = 500
  const failure = await client.groups.create({ title: 'x' }, { timeoutMs: 60 }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(OutcomeUnknownError)
  expect(failure).toMatchObject({ code: 'deadline_exceeded', sent: 'maybe', retryable: false })
})

test('an upstream that the gateway cannot reach is a DaemonUnavailableError [cccc.gateway-down]', async () => {
  const down = new SignalboxError({ code: 'unreachable', message: 'The upstream could not be reached.', sent: 'no' })
  const transport: StreamTransport = {
    kind: 'stream',
    name: 'gateway',
    async open() {
      const [link] = memoryPair()
      const broken: Link = { ...link, read: () => Promise.reject(down), write: async () => {} }
      return broken
    },
  }
  await using client = createCccc({ transport })
  const failure = await client.groups.create({ title: 'x' }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'DaemonUnavailableError', code: 'unreachable', sent: 'no' })
})

describe('a stream of events', () => {
  async function watched(options: { maxBytes?: number } = {}) {
    const simulator = createCcccSimulator()
    const client = createCccc({ transport: simulator.transport })
    onTestFinished(async () => {
      await client.close()
      await simulator[Symbol.asyncDispose]()
    })
    const { group_id: groupId } = await client.groups.create({ title: 'x' })
    const stream = await client.events({ groupId, kinds: ['chat.message'] }, options)
    await expect.poll(() => simulator.subscribers).toBe(1)
    return { simulator, stream, groupId }
  }

  test('yields a gap for a broken line, and continues [cccc.broken-line]', async () => {
    const { simulator, stream, groupId } = await watched()
    simulator.append(groupId, { kind: 'chat.message', data: { text: 'one', to: ['user'] } })
    simulator.raw('{"t":"event","event":{"id"\n')
    simulator.raw('{"t":"event","event":{"kind":"chat.message"}}\n')
    simulator.raw('\n{"t":"tomorrow"}\n')
    simulator.append(groupId, { kind: 'chat.message', data: { text: 'two', to: ['user'] } })
    const seen: CcccStreamItem[] = []
    for await (const item of stream) {
      seen.push(item)
      if (item.type === 'event' && item.event.data.text === 'two') break
    }
    expect(seen.map((item) => (item.type === 'gap' ? item.reason : item.event.data.text))).toEqual([
      'one',
      'unknown',
      'unknown',
      'two',
    ])
    const [first, gap] = seen
    expect(gap).toMatchObject({ from: first?.type === 'event' ? first.cursor : undefined })
  })

  test('counts whole events against maxBytes, not only their texts [cccc.max-bytes]', async () => {
    const { simulator, stream, groupId } = await watched({ maxBytes: 100_000 })
    const refs = [{ note: 'x'.repeat(30_000) }]
    for (let index = 0; index < 10; index += 1) {
      simulator.append(groupId, { kind: 'chat.message', data: { text: `${index}`, to: ['user'], refs } })
    }
    simulator.append(groupId, { kind: 'chat.message', data: { text: 'end', to: ['user'] } })
    await turns()
    const seen: CcccStreamItem[] = []
    for await (const item of stream) {
      seen.push(item)
      if (item.type === 'event' && item.event.data.text === 'end') break
    }
    expect(seen[0]).toMatchObject({ type: 'gap', reason: 'overflow' })
    // 100,000 bytes hold three events of 30,000.
    expect(seen.filter(({ type }) => type === 'event')).toHaveLength(4)
  })
})
