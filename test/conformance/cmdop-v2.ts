/** What the client does against a core 2.0 and a relay that plays this world: simulated or real. */
import {
  AgentStreamError,
  createCmdop,
  PinDeniedError,
  UnsupportedError,
  ValidationError,
  type AskFrame,
  type Cmdop,
  type CmdopOptions,
} from '../../src/cmdop/index.js'
import { retry } from '../../src/index.js'
import {
  check,
  checkEqual,
  checkRejects,
  simulatedId,
  type Case,
  type CmdopRelaySimulator,
  type RelayFault,
} from '../../src/testing/index.js'
import { all, M1, types } from './cmdop-kit.js'

export interface CmdopV2Context {
  readonly relay: CmdopRelaySimulator
  readonly options: Pick<CmdopOptions, 'transport'> & Partial<CmdopOptions>
}

interface V2Play {
  readonly client: Cmdop
  readonly relay: CmdopRelaySimulator
}

interface V2Case {
  readonly id: string
  readonly title: string
  readonly client?: Partial<CmdopOptions>
  run(play: V2Play): Promise<void>
}

const plays: readonly V2Case[] = [
  {
    id: 'cmdop.v2.calls',
    title: 'bootstrap, roster and messages, under the names of 1.x where the meaning is the same',
    async run({ client, relay }) {
      const bootstrap = await client.system.bootstrap()
      checkEqual([bootstrap.version, bootstrap.capabilities, bootstrap.webContract?.current], ['2.1.0', ['ask', 'messages'], 3])
      checkEqual(client.capabilities.generation, 2)
      const roster = await client.machines.roster()
      checkEqual([roster.epoch, roster.sequence, roster.machines[0]?.machineId], ['epoch-1', 7, M1])
      checkEqual([roster.machines[0]?.cpuPercent, roster.machines[0]?.memoryTotalBytes], [12.5, 34_359_738_368])
      const { items, hasMore, epoch, sequence, machines } = await client.machines.list()
      checkEqual([hasMore, epoch, sequence, machines?.length], [false, 'epoch-1', 7, 3])
      const [first] = items
      checkEqual([first?.id, first?.name, first?.os, first?.presence, first?.hostname], [M1, 'build box', 'linux', 'online', ''])
      checkEqual((await all(client.machines.iter())).length, 3)
      const { messages } = await client.machines.messages(M1, { limit: 1, session: '2' })
      checkEqual([messages.length, messages[0]?.role, messages[0]?.seq, messages[0]?.text], [1, 'ai', 2, messages[0]?.content])
      check(messages[0]?.createdAt?.startsWith('2026-'), `a date: ${messages[0]?.createdAt}`)
      checkEqual(relay.ledger.at(-1)?.path, `/api/admin/machines/${M1}/messages?limit=1&session=2`)
    },
  },
  {
    id: 'cmdop.v2.ask',
    title: 'an ask sends attachments, engine, model and folder, and its end has tokens, cost and its source',
    async run({ client, relay }) {
      const options = { attachmentIds: ['a', 'b'], engine: 'e', model: 'm', workingDir: '/w', projectRootId: 'r' }
      const stream = client.machines.ask(M1, 'hello', { ...options, sessionId: '2', pin: '1' })
      const frames = await all(stream)
      checkEqual(types(frames), ['event', 'event', 'done'])
      const [event] = frames
      check(event?.type === 'event' && event.eventName === 'token' && event.eventType === 1, 'a named event')
      const { done } = stream
      checkEqual([done?.inputTokens, done?.outputTokens, done?.totalTokens], [12, 3, 15])
      checkEqual([done?.cacheReadTokens, done?.cacheWriteTokens, done?.costUsd, done?.costSource], [2, 1, 0.0015, 'provider'])
      checkEqual([done?.engine, done?.model, done?.success], ['simulated', '@balanced', true])
      const { path, body, headers } = relay.ledger.at(-1) as CmdopRelaySimulator['ledger'][number]
      checkEqual(path, `/api/admin/machines/${M1}/ask`)
      checkEqual(JSON.parse(body), {
        ...{ prompt: 'hello', session: '2', attachment_ids: ['a', 'b'], engine: 'e' },
        ...{ working_dir: '/w', project_root_id: 'r', model: 'm' },
      })
      checkEqual(headers['x-machine-pin'], '1', 'the PIN is a header')
      checkEqual(await client.machines.ask(M1, '', { attachmentIds: ['a'] }).collect(), 'You said: ')
      checkEqual(relay.ledger.at(-1)?.body, '{"prompt":"","attachment_ids":["a"]}', 'no session of ours')
    },
  },
  {
    id: 'cmdop.v2.failed',
    title: 'a failed run gives its reason as a frame, as the error of the stream, and as the error of collect()',
    async run({ client }) {
      const seen: AskFrame[] = []
      const read = async (prompt: string): Promise<void> => {
        for await (const frame of client.machines.ask(M1, prompt)) seen.push(frame)
      }
      const error = '[[frame {"type":"error","code":"machine_offline","message":"gone"}]]'
      const offline = await checkRejects(read(`[[say a]]${error}[[end]]`), 'unavailable')
      check(offline instanceof AgentStreamError, offline.name)
      checkEqual([types(seen), offline.remoteCode, offline.sent], [['event', 'error'], 'machine_offline', 'yes'])
      const denied = await checkRejects(client.machines.ask(M1, '[[pin 1]]', { pin: '2' }).collect(), 'permission_denied')
      check(denied instanceof PinDeniedError, denied.name)
      const cut = await checkRejects(client.machines.ask(M1, '[[say a]][[end]]').collect(), 'protocol')
      check(cut instanceof AgentStreamError, cut.name)
      const unsuccessful = '[[frame {"type":"done","success":false,"text":"","error":"boom","upstream_status":429}]]'
      const stream = client.machines.ask(M1, unsuccessful)
      checkEqual(types(await all(stream)), ['done'])
      checkEqual([stream.done?.success, stream.done?.error, stream.done?.upstreamStatus], [false, 'boom', 429])
      const failed = await checkRejects(client.machines.ask(M1, unsuccessful).collect(), 'remote')
      check(failed instanceof AgentStreamError && failed.message.includes('boom'), failed.message)
    },
  },
  {
    id: 'cmdop.v2.lacks',
    title: 'a method that 2.0 lacks is unsupported, and nothing is sent',
    async run({ client, relay }) {
      const lacking: readonly (() => Promise<unknown>)[] = [
        () => client.machines.get(M1),
        () => client.machines.spend(M1),
        () => client.machines.list({ presence: 'online' }),
        () => client.machines.list({ cursor: 'x' }),
        () => client.fleets.list(),
        () => client.tunnels.sessions(),
        () => client.schedules.trigger('s', { fleetId: 'f' }),
        () => client.keys.issue({ name: 'k', fleetId: 'f' }),
        () => client.skills.list(),
        () => client.call('machines.disable', { machineId: M1 }),
        () => client.machines.ask(M1, 'x', { agentType: 'chat' }).collect(),
        () => client.machines.ask(M1, 'x', { timeoutSeconds: 5 }).collect(),
      ]
      for (const call of lacking) {
        const error = await checkRejects(call(), 'unsupported')
        check(error instanceof UnsupportedError && error.sent === 'no', error.message)
      }
      for (const call of [() => client.machines.messages(M1, { limit: 501 }), () => client.machines.messages(M1, { limit: 0 })]) {
        const error = await checkRejects(call(), 'invalid_argument')
        check(error instanceof ValidationError && error.sent === 'no', error.message)
      }
      checkEqual(relay.ledger.length, 0)
    },
  },
  {
    id: 'cmdop.v2.errors',
    title: 'every status gives the error class of 1.x, with the status; retry() repeats a read',
    client: { interceptors: [retry({ baseMs: 1, quota: false })] },
    async run({ client, relay }) {
      const expected: readonly (readonly [number, string, string])[] = [
        [400, 'ValidationError', 'invalid_argument'],
        [401, 'AuthError', 'unauthenticated'],
        [403, 'PermissionError', 'permission_denied'],
        [404, 'NotFoundError', 'not_found'],
        [409, 'ConflictError', 'conflict'],
      ]
      for (const [status, name, code] of expected) {
        relay.failNext('GET /api/bootstrap', { status, json: {} })
        const error = await checkRejects(client.system.bootstrap())
        checkEqual([error.name, error.code, error.status, error.sent], [name, code, status, 'yes'])
      }
      const faults: readonly RelayFault[] = [{ status: 429 }, { status: 500 }, { status: 503 }, { status: 504 }, 'reset']
      for (const fault of faults) {
        relay.failNext('GET /api/bootstrap', fault)
        checkEqual((await client.system.bootstrap()).bundleId, 'bundle-1', `after ${JSON.stringify(fault)}`)
      }
      const nobody = await checkRejects(client.machines.ask(simulatedId(1, 99), 'x').collect(), 'not_found')
      checkEqual([nobody.name, nobody.status, nobody.retryable], ['AgentStreamError', 404, false])
    },
  },
  {
    id: 'cmdop.v2.limit',
    title: 'a request above the limit of the core (4 MiB) is refused by the client, and the core continues',
    async run({ client }) {
      await client.system.bootstrap()
      const error = await checkRejects(client.machines.ask(M1, 'x'.repeat(4 * 1024 * 1024)).collect(), 'too_large')
      checkEqual(error.sent, 'no')
      checkEqual((await client.machines.roster()).sequence, 7)
    },
  },
  {
    id: 'cmdop.v2.break',
    title: 'an ask that is left early is abandoned, its questions are unsupported, and other calls continue',
    async run({ client }) {
      const stream = client.machines.ask(M1, '[[say a]][[hang]]')
      for await (const _frame of stream) break
      check(stream.abandoned, 'abandoned')
      const calls = Array.from({ length: 20 }, () => client.machines.roster())
      checkEqual((await Promise.all(calls)).length, 20)
    },
  },
]

export const cmdopV2Cases: readonly Case<CmdopV2Context>[] = plays.map(({ id, title, client: given, run }) => ({
  id,
  title,
  async run({ relay, options }) {
    await using client = createCmdop({ timeoutMs: 20_000, closeGraceMs: 200, ...given, ...options })
    await run({ client, relay })
  },
}))
