/** What the CMDOP client does against any core or relay that plays this world: simulated or real, over any link, or over REST. */
import {
  AuthError,
  CmdopError,
  ConflictError,
  createCmdop,
  NotFoundError,
  RateLimitError,
  ServerError,
  ValidationError,
} from '../../src/cmdop/index.js'
import { retry } from '../../src/index.js'
import { check, checkEqual, checkRejects, simulatedId, type Case, type RelayFault } from '../../src/testing/index.js'
import { askPlays } from './cmdop-asks.js'
import { all, F1, M1, requests, type CmdopContext, type PlayCase } from './cmdop-kit.js'

export type { CmdopContext, CmdopServed } from './cmdop-kit.js'

const plays: readonly PlayCase[] = [
  {
    id: 'cmdop.machines',
    title: 'every method of machines works: list, get, info, spend, update, disable, history',
    async run({ client }) {
      const { items, hasMore } = await client.machines.list()
      checkEqual([items.map(({ hostname }) => hostname), hasMore], [['host-1', 'host-2', 'host-3'], false])
      const [first] = items
      checkEqual([first?.id, first?.specs?.totalRamBytes, first?.lastHeartbeatAt], [M1, 34_359_738_368, '2026-06-17T08:00:00Z'])
      check(!('publicKeyFingerprint' in (first ?? {})) || first?.publicKeyFingerprint === undefined, 'absent is absent')
      const detail = await client.machines.get(M1)
      checkEqual([detail.summary?.name, detail.username, detail.isRoot], ['build box', 'root', true])
      const info = await client.machines.info(M1)
      checkEqual([info.hardware?.cpuCores, info.session?.reconnectCount24h, info.presence?.status], [8, 2, 'healthy'])
      const spend = await client.machines.spend(M1)
      checkEqual([spend.tokensIn, spend.topModels[0]?.model, spend.window], [1000, '@balanced', '7d'])
      checkEqual((await client.machines.update(M1, { name: 'forge' })).name, 'forge')
      checkEqual((await client.machines.update(M1)).name, 'forge', 'an update without a name leaves it')
      const history = await client.machines.messages(M1, { limit: 1 })
      checkEqual([history.messages[0]?.role, history.messages[0]?.durationMs, history.messages.length], ['ai', 812, 1])
      checkEqual(await client.machines.activeSession(M1), 'agent-1')
      checkEqual((await client.machines.clearMessages(M1)).deleted, 2)
      checkEqual(await client.machines.activeSession(M1), '', 'none is the empty string')
      await client.machines.disable(M1)
      check((await client.machines.get(M1)).summary?.disabledAt !== undefined, 'disabled')
    },
  },
  {
    id: 'cmdop.fleets',
    title: 'fleets, members and their machines; the second fleet is found on its page',
    world: { fleets: 45 },
    async run({ client }) {
      const created = await client.fleets.create({ name: 'Prod', slug: 'prod', mfaRequired: 'required' })
      checkEqual([created.slug, created.mfaRequired], ['prod', 'required'])
      checkEqual((await client.fleets.get(created.id)).name, 'Prod', 'found behind the first server page')
      check((await checkRejects(client.fleets.get('nowhere'), 'not_found')) instanceof NotFoundError, 'class')
      checkEqual((await client.fleets.update(created.id, { name: 'Production' })).name, 'Production')
      await client.fleets.disable(created.id)
      check((await checkRejects(client.fleets.create({ name: 'x', slug: 'prod' }), 'conflict')) instanceof ConflictError, 'class')
      const member = await client.fleets.members.add({ email: 'eve@example.com' })
      checkEqual([member.email, member.role], ['eve@example.com', 'member'])
      checkEqual((await client.fleets.members.setRole(member.userId, 'admin')).role, 'admin')
      await client.fleets.members.remove(member.userId)
      checkEqual((await all(client.fleets.members.iter(undefined, { perPage: 1 }))).length, 2)
      const link = await client.fleets.machines.attach(simulatedId(1, 2))
      checkEqual([link.machineId, link.fleetId], [simulatedId(1, 2), F1])
      checkEqual(
        (await all(client.fleets.machines.iter(undefined, { limit: 1 }))).map(({ hostname }) => hostname),
        ['host-1', 'host-2'],
      )
      await client.fleets.machines.detach(simulatedId(1, 2))
      checkEqual((await client.fleets.machines.list()).items.length, 1)
    },
  },
  {
    id: 'cmdop.tunnels',
    title: 'tunnels open from a connected session, and a second close has no effect',
    async run({ client }) {
      const [session] = await client.tunnels.sessions()
      const tunnel = await client.tunnels.open(session?.sessionId ?? '', { localPort: 3000, options: { auth: 'basic' } })
      checkEqual([tunnel.localPort, tunnel.protocol, tunnel.localHost], [3000, 'http', '127.0.0.1'])
      check(tunnel.publicUrl.startsWith('https://'), 'the server composes the URL')
      checkEqual((await client.tunnels.get(tunnel.tunnelId)).subdomain, tunnel.subdomain)
      checkEqual((await all(client.tunnels.iter())).length, 1)
      await client.tunnels.close(tunnel.tunnelId)
      await client.tunnels.close(tunnel.tunnelId)
      checkEqual((await client.tunnels.list()).total, 0)
    },
  },
  {
    id: 'cmdop.schedules',
    title: 'a schedule update sends only the given fields, and runs are listed by cursor',
    world: { runs: 7 },
    async run({ client, relay }) {
      const made = await client.schedules.create({ name: 'nightly', cronExpr: '0 3 * * *', command: 'backup.sh' })
      checkEqual([made.targetKind, made.isEnabled, made.timezone, made.lastStatus], ['all_fleet_machines', true, 'UTC', undefined])
      const changed = await client.schedules.update(made.id, { isEnabled: false })
      checkEqual([changed.isEnabled, changed.command], [false, 'backup.sh'])
      checkEqual(relay.ledger.at(-1)?.body, '{"is_enabled":false}')
      const targeted = await client.schedules.update(made.id, { targetKind: 'specific_machines', machineIds: [M1] })
      checkEqual([targeted.targetKind, targeted.machineIds], ['specific_machines', [M1]])
      check((await client.schedules.trigger(made.id)).queued, 'queued')
      const runs = await all(client.schedules.iterRuns(simulatedId(6, 1), { limit: 3 }))
      checkEqual([runs.length, runs[0]?.status, runs[1]?.status], [7, 'running', 'success'])
      checkEqual((await client.schedules.get(simulatedId(6, 1))).lastStatus, 'success')
      await client.schedules.delete(made.id)
      await checkRejects(client.schedules.get(made.id), 'not_found')
    },
  },
  {
    id: 'cmdop.keys',
    title: 'a key is shown once, and its days are omitted if none are given',
    async run({ client, relay }) {
      const key = await client.keys.issue({ name: 'ci' })
      checkEqual([key.rawToken.startsWith('cmdop_'), relay.ledger.at(-1)?.body], [true, '{"name":"ci"}'])
      check((await client.keys.issue({ name: 'ci', expiresInDays: 90 })).expiresAt !== undefined, 'expires')
      check(!JSON.stringify(await client.keys.list()).includes(key.rawToken), 'never again')
      await client.keys.revoke(key.id)
      // Cores read this one list without its page, so only its items can be relied on.
      check((await client.keys.list()).items[0]?.revokedAt !== undefined, 'revoked')
    },
  },
  {
    id: 'cmdop.skills',
    title: 'a skill can be created, listed by page number, changed and deleted',
    world: { skills: 5 },
    async run({ client }) {
      checkEqual(
        (await all(client.skills.iter({ pageSize: 2 }))).map(({ slug }) => slug),
        ['skill-1', 'skill-2', 'skill-3', 'skill-4', 'skill-5'],
      )
      const page = await client.skills.list({ pageSize: 2, page: 2 })
      checkEqual([page.page, page.pages, page.hasNext, page.nextPage, page.previousPage], [2, 3, true, 3, 1])
      checkEqual((await client.skills.my({ search: 'Skill 3' })).results.length, 1)
      const detail = await client.skills.get('skill-1')
      checkEqual([detail.category?.slug, detail.isVerified, detail.latestVersion], ['devops', true, undefined])
      checkEqual((await client.skills.install('skill-1')).packages?.pip, ['requests'])
      checkEqual((await client.skills.create('My Skill')).name, 'My Skill')
      checkEqual((await client.skills.update('my-skill', { visibility: 'private' })).visibility, 'private')
      checkEqual((await client.skills.publish('my-skill', '[project]')).status, 'accepted')
      checkEqual((await client.skills.publishStatus('my-skill')).status, 'ok')
      checkEqual((await client.skills.versions('skill-1')).items[0]?.version, '1.0.0')
      checkEqual((await client.skills.reviews('skill-1')).results[0]?.authorHandle, 'ada')
      checkEqual([(await client.skills.star('skill-1')).starred, (await client.skills.star('skill-1')).starred], [true, false])
      checkEqual(
        [(await client.skills.categories()).items.length, (await client.skills.tags({ search: 'ci' })).items.length],
        [2, 1],
      )
      await client.skills.delete('my-skill')
      await checkRejects(client.skills.get('my-skill'), 'not_found')
    },
  },
  {
    id: 'cmdop.paging.cursor',
    title: 'pages follow the cursor from the start that the caller gives',
    world: { machines: 7 },
    async run({ client, relay }) {
      const pages = await all(client.machines.pages({ limit: 3 }))
      checkEqual(
        pages.map(({ items }) => items.length),
        [3, 3, 1],
      )
      checkEqual((await all(client.machines.iter({ limit: 3, cursor: '3' }))).length, 4)
      checkEqual(requests(relay).filter((line) => line.includes('cursor=3')).length, 2)
    },
  },
  {
    id: 'cmdop.paging.offset',
    title: 'offset lists advance by the page size that the server chose, and end',
    world: { members: 45 },
    async run({ client, relay }) {
      const members = await all(client.fleets.members.iter())
      checkEqual(new Set(members.map(({ userId }) => userId)).size, 45)
      const pages = requests(relay).map((line) => new URLSearchParams(line.split('?')[1]).get('page'))
      checkEqual(pages, [null, '2', '3'])
      checkEqual((await client.fleets.members.list(undefined, { page: 5, perPage: 10 })).items.length, 5)
    },
  },
  {
    id: 'cmdop.paging.stuck',
    title: 'a list whose pages do not advance gives each item once, then fails with protocol',
    world: { keys: 45 },
    async run({ client, plane }) {
      const seen: string[] = []
      const read = async (): Promise<void> => {
        for await (const { name } of client.keys.iter()) seen.push(name)
      }
      // Cores drop the page of this list and always give the first one; over REST the page arrives.
      if (plane === 'rest') await read()
      else {
        const error = await checkRejects(read(), 'protocol')
        check(error instanceof CmdopError && error.sent === 'yes', 'a CmdopError')
        await checkRejects(client.keys.list({ page: 2, perPage: 10 }), 'protocol')
      }
      checkEqual([seen.length, new Set(seen).size], plane === 'rest' ? [45, 45] : [20, 20])
    },
  },
  {
    id: 'cmdop.arguments',
    title: 'values that a field cannot hold are refused before anything is written',
    async run({ client, relay }) {
      const mistakes: readonly (() => Promise<unknown>)[] = [
        () => client.machines.list({ limit: 1.5 }),
        () => client.machines.list({ limit: 2 ** 40 }),
        () => client.machines.messages(M1, { limit: Number.NaN }),
        () => client.fleets.list({ page: 2, perPage: 0.5 }),
        () => client.fleets.list({ page: 2 ** 30, perPage: 2 ** 30 }),
        () => client.machines.list({ q: 5 as unknown as string }),
        () => client.tunnels.open(M1, { localPort: 80, options: { a: 1 as unknown as string } }),
        () => client.skills.list({ pageSize: -0.5 }),
        () => client.call('machines.get', { machineId: M1, machine: 'x' } as unknown as { machineId: string }),
        async () => client.machines.ask(M1, 'x', { timeoutSeconds: 1.5 }).collect(),
      ]
      for (const mistake of mistakes) {
        const error = await checkRejects((async () => mistake())(), 'invalid_argument')
        check(error instanceof ValidationError && error.sent === 'no', `a ValidationError: ${error.message}`)
      }
      checkEqual(relay.ledger.length, 0)
    },
  },
  {
    id: 'cmdop.errors',
    title: 'every status gives the class and code of the published SDKs',
    async run({ client, relay }) {
      const probe = async (status: number) => {
        relay.failNext('GET /api/machines', { status, json: { detail: 'why' } })
        return checkRejects(client.machines.list())
      }
      const auth = await probe(401)
      check(auth instanceof AuthError, 'AuthError')
      checkEqual([auth.code, auth.remoteCode, auth.retryable, auth.sent], ['unauthenticated', 'auth', false, 'yes'])
      checkEqual((await probe(403)).remoteCode, 'permission')
      check((await probe(404)) instanceof NotFoundError, 'NotFoundError')
      check((await probe(409)) instanceof ConflictError, 'ConflictError')
      checkEqual((await probe(400)).remoteCode, 'validation')
      check((await probe(429)) instanceof RateLimitError, 'RateLimitError')
      for (const status of [500, 502, 503]) check((await probe(status)) instanceof ServerError, `ServerError for ${status}`)
    },
  },
  {
    id: 'cmdop.retry',
    title: 'retry() repeats a read after 429, 5xx and a reset, and does not repeat an op that is not idempotent',
    client: { interceptors: [retry({ baseMs: 1, quota: false })] },
    async run({ client, relay }) {
      const faults: readonly RelayFault[] = [{ status: 429 }, { status: 500 }, { status: 502 }, { status: 503 }, 'reset']
      for (const fault of faults) {
        relay.failNext('GET /api/machines', fault)
        checkEqual((await client.machines.list()).items.length, 3, `after ${JSON.stringify(fault)}`)
      }
      for (const status of [429, 503]) {
        const before = relay.ledger.length
        relay.failNext('POST /api/fleets', { status, json: { detail: 'why' } })
        const error = await checkRejects(client.fleets.create({ name: 'n', slug: `s-${status}` }))
        checkEqual([error.sent, relay.ledger.length - before], ['maybe', 1], `${status} of a call that creates something`)
      }
      // The relay's own answer is final: no repetition.
      relay.failNext('GET /api/machines', { status: 404, json: { detail: 'why' } })
      const before = relay.ledger.length
      checkEqual((await checkRejects(client.machines.list(), 'not_found')).sent, 'yes')
      checkEqual(relay.ledger.length - before, 1)
    },
  },
  {
    id: 'cmdop.credentials',
    title: 'each plane gets its own credential',
    world: { token: 't-right', apiKey: 'k-right' },
    async run({ client, relay }) {
      await client.machines.list()
      await client.skills.my()
      checkEqual(relay.ledger[0]?.headers.authorization, 'Bearer t-right')
      checkEqual(relay.ledger[1]?.headers['x-api-key'], 'k-right')
      check(!JSON.stringify(relay.ledger[1]?.headers).includes('t-right'), 'the token stays on its plane')
    },
  },
  ...askPlays,
  {
    id: 'cmdop.calls.concurrent',
    title: 'fifty calls and an ask at once each get their own answer',
    async run({ client }) {
      const ask = client.machines.ask(M1, '[[repeat 500 x]]').collect()
      const calls = Array.from({ length: 50 }, (_, index) => client.machines.spend(M1, { window: `${index}d` }))
      checkEqual(
        (await Promise.all(calls)).map(({ window }) => window),
        calls.map((_, index) => `${index}d`),
      )
      checkEqual((await ask).length, 500)
    },
  },
  {
    id: 'cmdop.calls.giant',
    title: 'a prompt and an event of 256 KiB with four-byte characters arrive whole',
    async run({ client }) {
      const text = '𝒳é'.repeat(65_536)
      checkEqual((await client.machines.ask(M1, text).collect()).length, text.length + 'You said: '.length)
    },
  },
  {
    id: 'cmdop.calls.closed',
    title: 'a call after close is refused at once, and closing twice is harmless',
    async run({ client }) {
      await client.machines.list()
      await client.close()
      await client.close()
      const error = await checkRejects(client.machines.list(), 'closed')
      checkEqual([error.remoteCode, error.sent], ['connection', 'no'])
      await checkRejects(client.machines.ask(M1, 'x').collect(), 'closed')
    },
  },
]

export const cmdopCases: readonly Case<CmdopContext>[] = plays.map(({ id, title, world, only, client: given, run }) => ({
  id,
  title,
  skip: ({ plane }) => (only !== undefined && only !== plane ? `not over ${plane}` : undefined),
  async run(context) {
    const { relay, options } = await context.serve(world)
    await using client = createCmdop({ fleetId: F1, timeoutMs: 20_000, closeGraceMs: 200, ...given, ...options })
    await run({ client, relay, plane: context.plane, pinErrors: context.pinErrors !== false })
  },
}))
