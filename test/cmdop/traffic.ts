/** Plays a fixed conversation with a core, real or simulated, and records its requests to the relay and its answers. */
import { fromJson, toBinary, toJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { decodeEnvelope, Kind } from '../../src/cmdop/envelope.js'
import { EnvelopeSchema } from '../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { encodeFrame, frameDecoder } from '../../src/core/codec/frames.js'
import { simulatedId, type CmdopRelaySimulator, type RelayFault } from '../../src/testing/index.js'
import type { Link } from '../../src/index.js'

export interface Exchange {
  readonly name: string
  readonly http: readonly JsonValue[]
  readonly envelopes: readonly JsonValue[]
}

interface Step {
  readonly name: string
  /** The payload, in proto3 JSON; null for an envelope without one. */
  readonly payload: JsonObject | null
  readonly fault?: readonly [string, RelayFault]
  /** What to answer to the questions, in turn. */
  readonly answers?: readonly JsonObject[]
  /** No last frame is coming: go on after so many frames. */
  readonly frames?: number
}

const M = simulatedId(1, 1)
const F = simulatedId(2, 1)
const U = simulatedId(3, 2)
const S = simulatedId(6, 1)
const fleet = { fleetId: F }
const page = { offset: 20, perPage: 10 }
const of = (name: string, payload: JsonObject | null, more: Omit<Step, 'name' | 'payload'> = {}): Step => ({
  name,
  payload,
  ...more,
})
const ask = (prompt: string, extra: JsonObject = {}): JsonObject => ({ askReq: { machineId: M, sessionId: 's', prompt, ...extra } })
const failing = (status: number): Pick<Step, 'fault'> => ({
  // What a FastAPI server says to a body that it refuses.
  fault: ['', { status, json: { detail: status === 422 ? [{ loc: ['body'], msg: 'why', type: 'x' }] : 'why' } }],
})
const STATUSES = [400, 401, 403, 404, 409, 418, 422, 429, 500, 503]

export const STEPS: readonly Step[] = [
  of('machines.list', { listMachinesReq: { presence: 'any', q: '', limit: 100, cursor: '' } }),
  of('machines.list options', { listMachinesReq: { presence: 'online', q: 'web', limit: 1, cursor: '1' } }),
  of('machines.get', { getMachineReq: { machineId: M } }),
  of('machines.update', { updateMachineReq: { machineId: M, name: 'n' } }),
  of('machines.update empty name', { updateMachineReq: { machineId: M, name: '' } }),
  of('machines.update without', { updateMachineReq: { machineId: M } }),
  of('machines.info', { machineInfoReq: { machineId: M } }),
  of('machines.spend', { machineSpendReq: { machineId: M, window: '7d' } }),
  of('machines.messages', { messagesReq: { machineId: M, limit: 50 } }),
  of('machines.clearMessages', { clearMessagesReq: { machineId: M } }),
  of('machines.activeSession', { activeSessionReq: { machineId: M } }),
  of('fleets.list', { listFleetsReq: { page: {} } }),
  of('fleets.list page', { listFleetsReq: { page } }),
  of('fleets.list odd offset', { listFleetsReq: { page: { offset: 5, perPage: 2 } } }),
  of('fleets.create', { createFleetReq: { name: 'n', slug: 's', mfaRequired: 'MFA_REQUIREMENT_OPTIONAL' } }),
  of('fleets.update', { updateFleetReq: { ...fleet, name: 'n', mfaRequired: 'MFA_REQUIREMENT_REQUIRED' } }),
  of('members.list', { listMembersReq: { ...fleet, page: { offset: 1, perPage: 1 } } }),
  of('members.add', { addMemberReq: { ...fleet, email: 'a@example.com', role: 'member' } }),
  of('members.setRole', { setMemberRoleReq: { ...fleet, userId: U, role: 'admin' } }),
  of('members.remove', { removeMemberReq: { ...fleet, userId: U } }),
  of('fleet machines', { listFleetMachinesReq: { ...fleet, presence: 'any', q: 'x', limit: 5, cursor: '' } }),
  of('fleet attach', { attachMachineReq: { ...fleet, machineId: simulatedId(1, 2) } }),
  of('fleet detach', { detachMachineReq: { ...fleet, machineId: simulatedId(1, 2) } }),
  of('tunnels.sessions', { listSessionsReq: {} }),
  of('tunnels.open', {
    openTunnelReq: {
      sessionId: simulatedId(4, 1),
      protocol: 'http',
      localHost: '127.0.0.1',
      localPort: 80,
      subdomain: 'x',
      options: { a: 'b' },
    },
  }),
  of('tunnels.list', { listTunnelsReq: { page: {} } }),
  of('tunnels.get', { getTunnelReq: { tunnelId: simulatedId(5, 1) } }),
  of('tunnels.close', { closeTunnelReq: { tunnelId: simulatedId(5, 1) } }),
  of('schedules.list', { listSchedulesReq: { ...fleet, page: {} } }),
  of('schedules.get', { getScheduleReq: { ...fleet, scheduleId: S } }),
  of('schedules.create', {
    createScheduleReq: {
      ...fleet,
      name: 'n',
      cronExpr: '* * * * *',
      timezone: 'UTC',
      command: 'c',
      isEnabled: true,
      machineIds: [M],
    },
  }),
  of('schedules.update', { updateScheduleReq: { ...fleet, scheduleId: S, isEnabled: false } }),
  of('schedules.trigger', { triggerScheduleReq: { ...fleet, scheduleId: S } }),
  of('schedules.runs', { scheduleRunsReq: { ...fleet, scheduleId: S, limit: 2, cursor: '' } }),
  of('schedules.delete', { deleteScheduleReq: { ...fleet, scheduleId: S } }),
  of('keys.issue', { issueKeyReq: { ...fleet, name: 'k', expiresInDays: 3 } }),
  of('keys.list', { listKeysReq: { ...fleet, page } }),
  of('keys.revoke', { revokeKeyReq: { ...fleet, keyId: simulatedId(8, 1) } }),
  of('skills.list', { skillsListReq: { category: 'devops', search: 'skill', page: 1, pageSize: 2 } }),
  of('skills.my', { skillsMyReq: {} }),
  of('skills.get', { skillsGetReq: { slug: 'skill-1', lang: 'de' } }),
  of('skills.install', { skillsInstallReq: { slug: 'skill-1' } }),
  of('skills.create', { skillsCreateReq: { name: 'new' } }),
  of('skills.update', { skillsUpdateReq: { slug: 'new', visibility: 'private' } }),
  of('skills.versions', { skillsVersionsReq: { slug: 'skill-1' } }),
  of('skills.reviews', { skillsReviewsReq: { slug: 'skill-1', page: 1 } }),
  of('skills.star', { skillsStarReq: { slug: 'skill-1' } }),
  of('skills.star odd slug', { skillsStarReq: { slug: 'a/b' } }),
  of('skills.publish', { skillsPublishReq: { slug: 'new', rawManifest: '{}', skillMd: '# x' } }),
  of('skills.publishStatus', { skillsPublishStatusReq: { slug: 'new' } }),
  of('skills.categories', { skillsCategoriesReq: { search: 'dev', ordering: 'name' } }),
  of('skills.tags', { skillsTagsReq: {} }),
  of('skills.delete', { skillsDeleteReq: { slug: 'new' } }),
  of('machines.disable', { disableMachineReq: { machineId: M } }),
  of('fleets.disable', { disableFleetReq: fleet }),
  ...STATUSES.map((status) => of(`status ${status}`, { listMachinesReq: { presence: 'any' } }, failing(status))),
  ...STATUSES.map((status) => of(`status ${status}, loose`, { messagesReq: { machineId: M } }, failing(status))),
  ...STATUSES.map((status) => of(`status ${status}, ask`, ask('x'), failing(status))),
  of('a short id', { getMachineReq: { machineId: 'm-1' } }),
  of('a second short id', { setMemberRoleReq: { ...fleet, userId: '12', role: 'admin' } }),
  of('no payload', null),
  of('an answer as a request', { machineList: {} }),
  of('ask', ask('hello', { agentType: 'chat', timeoutSeconds: 9, options: { a: 'b' }, pin: '12' })),
  of('ask payloads', ask('[[payload null]][[payload "x"]][[payload {"a":[1]}]][[frame {"type":"event"}]]')),
  of('ask strange frames', ask('[[frame {"type":"strange"}]][[frame {}]][[say a]]')),
  of('ask without a last frame', ask('[[say a]][[end]]')),
  of('ask cut', ask('[[say a]][[cut]]')),
  of('ask failed', ask('[[fail no]]')),
  ...['machine_offline', 'timeout', 'pin_denied', 'pin_required_timeout', 'internal', 'rate_limit', 'auth', 'weird'].map((code) =>
    of(`ask error ${code}`, ask(`[[error ${code} m]]`)),
  ),
  of('ask pin', ask('[[pin 1]][[say in]]'), {
    answers: [{ pinAnswer: { challengeId: 'challenge-1', pin: '0' } }, { pinAnswer: { challengeId: 'challenge-2', pin: '1' } }],
  }),
  of('ask pin for nobody', ask('[[pin 1]]'), { answers: [{ pinAnswer: { challengeId: 'nobody', pin: '0' } }], frames: 1 }),
  of('ask confirm', ask('[[say a]][[danger p]][[say b]]'), { answers: [{ confirmAnswer: { token: 'plan-4', accept: true } }] }),
  of('ask confirm refused', ask('[[confirm p]]'), { answers: [{ confirmAnswer: { token: 'plan-5' } }] }),
  of('ask confirm for nobody', ask('[[confirm p]]'), {
    answers: [{ confirmAnswer: { token: 'nobody', accept: true } }],
    frames: 1,
  }),
  of('ask question, then nothing', ask('[[pin 1]][[say in]]'), { frames: 1 }),
]

export async function playTraffic(link: Link, relay: CmdopRelaySimulator): Promise<Exchange[]> {
  const decoder = frameDecoder()
  const out: Exchange[] = []
  let waiting: ReturnType<typeof decodeEnvelope>[] = []
  const next = async () => {
    while (waiting.length === 0) {
      const chunk = await Promise.race([link.read(), silence(() => `${STEPS[out.length]?.name}`)])
      if (chunk === null) throw new Error(`the core left at ${out.length}: ${STEPS[out.length]?.name}`)
      waiting = decoder.push(chunk).map(decodeEnvelope)
    }
    return waiting.shift()
  }
  const send = (envelope: JsonObject): Promise<void> =>
    link.write(encodeFrame(toBinary(EnvelopeSchema, fromJson(EnvelopeSchema, envelope))))

  for (const [index, { name, payload, fault, answers = [], frames }] of STEPS.entries()) {
    const id = index + 1
    const from = relay.ledger.length
    const left = [...answers]
    const envelopes: JsonValue[] = []
    if (fault) relay.failNext(...fault)
    await send({ id, kind: 'KIND_REQUEST', ...payload })
    for (;;) {
      const envelope = await next()
      // A late frame of an earlier step, whose question was left open, belongs to no step.
      if (envelope?.id !== id) continue
      const { id: _same, ...rest } = toJson(EnvelopeSchema, envelope) as JsonObject
      envelopes.push(rest)
      if ([Kind.RESPONSE, Kind.DONE, Kind.ERROR].includes(envelope.kind)) break
      const answer = envelope.kind === Kind.CALLBACK ? left.shift() : undefined
      if (answer) await send({ id, kind: 'KIND_ANSWER', ...answer })
      if (envelopes.length === frames) {
        await new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
        break
      }
    }
    out.push({ name, http: relay.ledger.slice(from).map(shown), envelopes })
  }
  return out
}

const PATIENCE_MS = 20_000
/** The wait for late requests of a core to the relay, after its last answer. */
const SETTLED_MS = 300

/** Rejects with the name of the step when the step does not end in time. */
function silence(name: () => string): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`the core says nothing more at: ${name()}`)), PATIENCE_MS).unref()
  })
}

/** The parts of a request that are compared: without the headers that an HTTP library adds, and without the order of a body's members. */
function shown({ method, path, headers, body }: CmdopRelaySimulator['ledger'][number]): JsonValue {
  const { accept, authorization, 'content-type': type, 'x-api-key': key } = headers
  const sent = Object.entries({ accept, authorization, 'content-type': type, 'x-api-key': key }).filter(
    ([, value]) => value !== undefined,
  )
  const parsed = body === '' ? null : (JSON.parse(body) as JsonObject)
  const sorted = parsed && Object.fromEntries(Object.entries(parsed).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { request: `${method} ${path}`, headers: Object.fromEntries(sent) as JsonObject, body: sorted }
}
