/** Single calls: answers of the daemon, refusals, and the requests that reach it. */
import { createCccc, DaemonAPIError, loadOps, MAX_REQUEST_BYTES } from '../../../src/cccc/index.js'
import { SignalboxError } from '../../../src/index.js'
import { check, checkEqual, checkRejects, type Case } from '../../../src/testing/index.js'
import { newGroup, textOf, withGroup, type CcccContext } from './context.js'

export const callCases: Case<CcccContext>[] = [
  {
    id: 'cccc.dialect',
    title: 'finds the dialect by requests without side effects',
    async run(context) {
      await using client = createCccc({ transport: context.transport })
      const before = (await client.groups.list()).groups.length
      const { dialect, ping } = await client.describe()
      checkEqual(dialect, context.dialect)
      check(ping.pid > 0 && ping.ipc_v === 1, 'a ping without its facts')
      checkEqual((await client.groups.list()).groups.length, before, 'a probe made a group')
    },
  },
  {
    id: 'cccc.compat',
    title: 'checks version, capabilities and ops in this order, and creates no group',
    async run({ transport, streams = true }) {
      await using client = createCccc({ transport })
      const before = (await client.groups.list()).groups.length
      const capabilities = { events_stream: streams, no_such: false }
      const ops = ['group_create', 'attach', 'groups', ' send ', '', 'term_attach', 'shutdown']
      const found = await client.assertCompatible({ ipcV: 1, capabilities, ops })
      checkEqual(found.ops.group_create, 'everywhere')
      checkEqual(found.ops.send, 'asked')
      const wrong = { ipcV: 99, capabilities: { no_such_capability: true }, ops: ['chat_ack'] }
      const version = await checkRejects(client.assertCompatible(wrong), 'incompatible')
      check(version.message.includes('99'), 'the version comes first')
      const capability = await checkRejects(client.assertCompatible({ ...wrong, ipcV: 1 }), 'incompatible')
      check(capability.message.includes('no_such_capability'), 'then the capability')
      checkEqual((await client.groups.list()).groups.length, before, 'asking made a group')
    },
  },
  {
    id: 'cccc.compat-op',
    title: 'names the op that a daemon lacks',
    async run({ transport, dialect }) {
      await using client = createCccc({ transport })
      const missing = dialect === 'C' ? 'chat_ack' : 'inbox_peek'
      const error = await checkRejects(client.assertCompatible({ ops: ['groups', missing] }), 'incompatible')
      check(error.message.includes(missing), error.message)
    },
  },
  {
    id: 'cccc.unknown-op',
    title: 'an op that the daemon does not know is unsupported, also if the client knows it',
    async run({ transport }) {
      await using client = createCccc({ transport })
      const error = await checkRejects(client.call('no_such_op', {}), 'unsupported')
      check(error instanceof DaemonAPIError, 'not the class that the published clients throw')
      checkEqual(error.remoteCode, 'unknown_op')
      checkEqual(error.sent, 'yes')
    },
  },
  {
    id: 'cccc.error',
    title: 'a refusal keeps the code and the details of the daemon',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const missing = await checkRejects(client.groups.show({ groupId: 'g_000000000000' }), 'not_found')
        checkEqual(missing.remoteCode, context.implementation === 'rust' ? 'not_found' : 'group_not_found')
        if (context.implementation === 'rust') return
        const patch = { nope: 1 } as unknown as Record<string, never>
        const error = await checkRejects(client.groups.update({ groupId, patch }), 'invalid_argument')
        check(error instanceof DaemonAPIError, 'not the class that the published clients throw')
        checkEqual(error.details, { unknown_keys: ['nope'] })
      })
    },
  },
  {
    id: 'cccc.every-op',
    title: 'every op of the table can be called and gets an answer of the daemon, not of the client',
    // On a real daemon some ops use the network.
    skip: ({ implementation }) => (implementation === 'simulator' ? undefined : 'some ops act on the machine'),
    async run({ transport, serverOnly }) {
      await using client = createCccc({ transport })
      for (const { op, takesOver } of loadOps().values()) {
        if (op === 'shutdown' || takesOver) continue
        const error: unknown = await client.call(op as string, {}).then(
          () => undefined,
          (failure: unknown) => failure,
        )
        if (serverOnly?.(op as string)) check(SignalboxError.is(error, 'permission_denied'), `${op} was let through`)
        else check(error === undefined || error instanceof DaemonAPIError, `${op}: ${String(error)}`)
      }
    },
  },
  {
    id: 'cccc.multibyte',
    title: 'text of four-byte characters arrives whole, just below the inline size',
    async run(context) {
      await withGroup(context, async ({ client, groupId }) => {
        const text = '\u{1F6E4}'.repeat(7_900)
        const { event } = await client.messages.send({ groupId, text, to: ['user'] })
        checkEqual(textOf(event), text)
        const line = 'a\u2028b\u2029c"\\'
        checkEqual(textOf((await client.messages.send({ groupId, text: line, to: ['user'] })).event), line)
      })
    },
  },
  {
    id: 'cccc.too-large',
    title: 'a request above the limit is not sent; a request just below it is',
    async run({ transport }) {
      await using client = createCccc({ transport })
      const refused = await checkRejects(client.call('group_show', { group_id: 'x'.repeat(MAX_REQUEST_BYTES) }), 'too_large')
      checkEqual(refused.sent, 'no')
      const answered = await checkRejects(client.call('group_show', { group_id: 'x'.repeat(MAX_REQUEST_BYTES - 200) }))
      check(answered instanceof DaemonAPIError, `the daemon did not answer: ${answered.message}`)
      check((await client.call('ping')).pid > 0, 'the daemon is gone')
    },
  },
  {
    id: 'cccc.one-by-one',
    title: 'after a hundred calls in a row and fifty at once the daemon process is the same',
    async run({ transport }) {
      await using client = createCccc({ transport })
      const { pid } = await client.call('ping')
      for (let index = 0; index < 100; index += 1) await client.call('ping')
      const all = await Promise.all(Array.from({ length: 50 }, () => client.call('ping')))
      check(
        all.every((ping) => ping.pid === pid),
        'another process answered',
      )
    },
  },
  {
    id: 'cccc.abort',
    title: 'the daemon survives a call that is aborted before, during or after its write',
    async run({ transport }) {
      await using client = createCccc({ transport })
      const { pid } = await client.call('ping')
      const before = new AbortController()
      before.abort()
      checkEqual((await checkRejects(client.call('ping', {}, { signal: before.signal }), 'aborted')).sent, 'no')
      const filler = 'x'.repeat(1_500_000)
      for (let round = 0; round < 12; round += 1) {
        const controller = new AbortController()
        const call = client.call('group_show', { group_id: filler }, { signal: controller.signal })
        for (let turn = 0; turn < round; turn += 1) await Promise.resolve()
        controller.abort(new Error('the caller changed its mind'))
        const error = await checkRejects(call)
        check(error.code === 'aborted' || error instanceof DaemonAPIError, `round ${round}: ${error.code}`)
      }
      checkEqual((await client.call('ping')).pid, pid, 'the daemon did not survive')
    },
  },
  {
    id: 'cccc.deadline',
    title: 'a deadline ends the call, and the error says whether it was sent',
    async run({ transport }) {
      await using client = createCccc({ transport })
      const hanging = { ...transport, open: () => new Promise<never>(() => {}) }
      await using stuck = createCccc({ transport: hanging })
      const error = await checkRejects(stuck.call('ping', {}, { timeoutMs: 30 }), 'deadline_exceeded')
      checkEqual(error.sent, 'no', 'nothing was written yet')
      check((await client.call('ping')).pid > 0, 'the daemon is gone')
    },
  },
  {
    id: 'cccc.closed',
    title: 'a closed client refuses calls and ends those under way',
    async run({ transport }) {
      const client = createCccc({ transport })
      const call = client.call('ping').catch((error: unknown) => error)
      await client.close()
      const outcome = await call
      check(!SignalboxError.is(outcome) || outcome.code === 'closed', `ended with ${String(outcome)}`)
      await checkRejects(client.call('ping'), 'closed')
      await client.close()
    },
  },
  {
    id: 'cccc.secrets',
    title: 'neither a stored secret nor its mask is returned, unless masks are requested',
    async run(context) {
      const secret = 'zq-conformance-9876543210'
      const seen: unknown[] = []
      await using client = createCccc({
        transport: context.transport,
        interceptors: [
          (call, next) => {
            seen.push(call.args)
            return next(call)
          },
        ],
      })
      const groupId = await newGroup(context, client)
      const actor = { groupId, actorId: 'peer1' }
      const results: unknown[] = [
        await client.actors.envPrivateUpdate({ ...actor, set: { API_KEY: secret } }),
        await client.actors.envPrivateKeys(actor),
        await client.call('actor_env_private_keys', { group_id: groupId, actor_id: 'peer1' }),
        await client.callRaw('actor_env_private_keys', { group_id: groupId, actor_id: 'peer1' }),
      ]
      const refused = await checkRejects(client.actors.envPrivateUpdate({ ...actor, set: { 'bad-key': secret } }))
      const told = JSON.stringify([results, seen, refused, refused.message, (refused as DaemonAPIError).details])
      check(!told.includes(secret), 'the secret came out')
      check(!told.includes('masked_values') && !told.includes('zq***'), 'its mask came out')
      check(told.includes('API_KEY'), 'the name of the secret is no secret')
      const asked = await client.actors.envPrivateKeys(actor, { maskedValues: true })
      const masks = JSON.stringify(asked).includes('masked_values')
      checkEqual(masks, context.implementation !== 'rust', 'asked for, the masks are there, where the daemon makes any')
      await client.groups.delete({ groupId }).catch(() => {})
    },
  },
]
