/** The HTTP request for each envelope, as recorded from the cores 1.0.2 and 1.1.0. */
import type { Arm, ArmValue, Envelope } from '../../cmdop/envelope.js'

export interface CoreRequest {
  readonly method: string
  /** Path and query. The names of the query are sorted, as Go writes them. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  readonly answer: Arm
  /** Required ids, by the name in the error message. */
  readonly uuids?: Readonly<Record<string, string>>
  /** The status of a success, if it is not 200. */
  readonly status?: number
  /** True if the answer is a bare list. */
  readonly bare?: true
  /** True for requests that the core codes by hand: an error quotes the body, and the members of the answer are not checked. */
  readonly loose?: true
  readonly accept?: string
}

type Values = Readonly<Record<string, string | number | boolean | undefined>>

/** Empty texts and zeros are left out. */
function query(path: string, values: Values): string {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== '' && value !== 0)
  const text = kept.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).sort()
  return text.length === 0 ? path : `${path}?${text.join('&')}`
}

/** An offset becomes a page by division, so the remainder is lost. */
function paged(path: string, page: { readonly offset: number; readonly perPage: number } | undefined): string {
  if (!page || page.perPage === 0) return path
  return query(path, { page: Math.floor(page.offset / page.perPage) + 1, per_page: page.perPage })
}

const MFA = ['none', 'none', 'any', 'any']
const TARGET = ['all_fleet_machines', 'all_fleet_machines', 'specific_machines']

function presentValues(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

type Requests = { readonly [A in Arm]?: (value: ArmValue<A>) => CoreRequest }

const machine = (id: string) => `/api/machines/${id}`
const admin = (id: string, what: string) => `/api/admin/machines/${id}/${what}`
const fleet = (id: string, what = '') => `/api/fleets/${id}${what}`
const skill = (slug: string, what = '') => `/apix/skills/skills/${encodeURIComponent(slug)}/${what}`

const REQUESTS: Requests = {
  // The core drops `q`.
  listMachinesReq: ({ presence, limit, cursor }) => ({
    method: 'GET',
    path: query('/api/machines', { presence, limit, cursor }),
    answer: 'machineList',
  }),
  getMachineReq: ({ machineId }) => ({
    method: 'GET',
    path: machine(machineId),
    answer: 'machineDetail',
    uuids: { machine_id: machineId },
  }),
  updateMachineReq: ({ machineId, name }) => ({
    method: 'PATCH',
    path: machine(machineId),
    body: presentValues({ name }),
    answer: 'machineSummary',
    uuids: { machine_id: machineId },
  }),
  disableMachineReq: ({ machineId }) => ({
    method: 'DELETE',
    path: machine(machineId),
    answer: 'empty',
    status: 204,
    uuids: { machine_id: machineId },
  }),
  machineInfoReq: ({ machineId }) => ({
    method: 'GET',
    path: admin(machineId, 'info'),
    answer: 'machineInfoResp',
    uuids: { machine_id: machineId },
    loose: true,
  }),
  machineSpendReq: ({ machineId, window }) => ({
    method: 'GET',
    path: query(admin(machineId, 'spend'), { window }),
    answer: 'machineSpend',
    uuids: { machine_id: machineId },
    loose: true,
  }),
  messagesReq: ({ machineId, limit }) => ({
    method: 'GET',
    path: query(admin(machineId, 'messages'), { limit }),
    answer: 'messagesResp',
    loose: true,
  }),
  clearMessagesReq: ({ machineId }) => ({
    method: 'DELETE',
    path: admin(machineId, 'messages'),
    answer: 'clearMessagesResp',
    loose: true,
  }),
  activeSessionReq: ({ machineId }) => ({
    method: 'GET',
    path: admin(machineId, 'active_session'),
    answer: 'activeSessionResp',
    loose: true,
  }),
  listFleetsReq: ({ page }) => ({ method: 'GET', path: paged('/api/fleets', page), answer: 'fleetList' }),
  createFleetReq: ({ name, slug, mfaRequired }) => ({
    method: 'POST',
    path: '/api/fleets',
    body: { name, slug, mfa_required: MFA[mfaRequired] },
    answer: 'fleetSummary',
    status: 201,
  }),
  updateFleetReq: ({ fleetId, name, mfaRequired }) => ({
    method: 'PATCH',
    path: fleet(fleetId),
    body: presentValues({ name, mfa_required: mfaRequired === undefined ? undefined : MFA[mfaRequired] }),
    answer: 'fleetSummary',
    uuids: { fleet_id: fleetId },
  }),
  disableFleetReq: ({ fleetId }) => ({
    method: 'DELETE',
    path: fleet(fleetId),
    answer: 'empty',
    status: 204,
    uuids: { fleet_id: fleetId },
  }),
  listMembersReq: ({ fleetId, page }) => ({
    method: 'GET',
    path: paged(fleet(fleetId, '/members'), page),
    answer: 'memberList',
    uuids: { fleet_id: fleetId },
  }),
  addMemberReq: ({ fleetId, email, role }) => ({
    method: 'POST',
    path: fleet(fleetId, '/members'),
    body: { email, role },
    answer: 'memberInfo',
    status: 201,
    uuids: { fleet_id: fleetId },
  }),
  setMemberRoleReq: ({ fleetId, userId, role }) => ({
    method: 'PATCH',
    path: fleet(fleetId, `/members/${userId}`),
    body: { role },
    answer: 'memberInfo',
    uuids: { fleet_id: fleetId, user_id: userId },
  }),
  removeMemberReq: ({ fleetId, userId }) => ({
    method: 'DELETE',
    path: fleet(fleetId, `/members/${userId}`),
    answer: 'empty',
    status: 204,
    uuids: { fleet_id: fleetId, user_id: userId },
  }),
  listFleetMachinesReq: ({ fleetId, presence, limit, cursor }) => ({
    method: 'GET',
    path: query(fleet(fleetId, '/machines'), { presence, limit, cursor }),
    answer: 'machineList',
    uuids: { fleet_id: fleetId },
    loose: true,
  }),
  attachMachineReq: ({ fleetId, machineId }) => ({
    method: 'POST',
    path: fleet(fleetId, '/machines'),
    body: { machine_id: machineId },
    answer: 'machineFleetLink',
    status: 201,
    uuids: { fleet_id: fleetId, machine_id: machineId },
    loose: true,
  }),
  detachMachineReq: ({ fleetId, machineId }) => ({
    method: 'DELETE',
    path: fleet(fleetId, `/machines/${machineId}`),
    answer: 'empty',
    status: 204,
    uuids: { fleet_id: fleetId, machine_id: machineId },
    loose: true,
  }),
  openTunnelReq: ({ sessionId, protocol, localHost, localPort, subdomain, options }) => ({
    method: 'POST',
    path: '/api/tunnels',
    body: presentValues({
      session_id: sessionId,
      protocol,
      local_host: localHost,
      local_port: localPort,
      subdomain,
      options: Object.keys(options).length > 0 ? options : undefined,
    }),
    answer: 'tunnelView',
    status: 201,
    uuids: { session_id: sessionId },
  }),
  closeTunnelReq: ({ tunnelId }) => ({
    method: 'DELETE',
    path: `/api/tunnels/${tunnelId}`,
    answer: 'empty',
    status: 204,
    uuids: { tunnel_id: tunnelId },
  }),
  listTunnelsReq: ({ page }) => ({ method: 'GET', path: paged('/api/tunnels', page), answer: 'tunnelList' }),
  getTunnelReq: ({ tunnelId }) => ({
    method: 'GET',
    path: `/api/tunnels/${tunnelId}`,
    answer: 'tunnelView',
    uuids: { tunnel_id: tunnelId },
  }),
  listSessionsReq: () => ({
    method: 'GET',
    path: '/api/tunnels/connected-sessions',
    answer: 'sessionList',
    bare: true,
    loose: true,
  }),
  listSchedulesReq: ({ fleetId, page }) => ({
    method: 'GET',
    path: paged(fleet(fleetId, '/schedules'), page),
    answer: 'scheduleList',
    uuids: { fleet_id: fleetId },
  }),
  getScheduleReq: ({ fleetId, scheduleId }) => ({
    method: 'GET',
    path: fleet(fleetId, `/schedules/${scheduleId}`),
    answer: 'scheduleView',
    uuids: { fleet_id: fleetId, schedule_id: scheduleId },
  }),
  createScheduleReq: (value) => ({
    method: 'POST',
    path: fleet(value.fleetId, '/schedules'),
    body: {
      name: value.name,
      description: value.description,
      cron_expr: value.cronExpr,
      timezone: value.timezone,
      command: value.command,
      target_kind: TARGET[value.targetKind],
      is_enabled: value.isEnabled,
      machine_ids: value.machineIds,
    },
    answer: 'scheduleView',
    status: 201,
    uuids: { fleet_id: value.fleetId },
  }),
  updateScheduleReq: (value) => ({
    method: 'PATCH',
    path: fleet(value.fleetId, `/schedules/${value.scheduleId}`),
    body: presentValues({
      name: value.name,
      description: value.description,
      cron_expr: value.cronExpr,
      timezone: value.timezone,
      command: value.command,
      target_kind: value.targetKind === undefined ? undefined : TARGET[value.targetKind],
      is_enabled: value.isEnabled,
      machine_ids: value.machineIds.length > 0 ? value.machineIds : undefined,
    }),
    answer: 'scheduleView',
    uuids: { fleet_id: value.fleetId, schedule_id: value.scheduleId },
  }),
  deleteScheduleReq: ({ fleetId, scheduleId }) => ({
    method: 'DELETE',
    path: fleet(fleetId, `/schedules/${scheduleId}`),
    answer: 'empty',
    status: 204,
    uuids: { fleet_id: fleetId, schedule_id: scheduleId },
  }),
  triggerScheduleReq: ({ fleetId, scheduleId }) => ({
    method: 'POST',
    path: fleet(fleetId, `/schedules/${scheduleId}/run`),
    answer: 'manualTriggerResp',
    status: 202,
    uuids: { fleet_id: fleetId, schedule_id: scheduleId },
  }),
  scheduleRunsReq: ({ fleetId, scheduleId, limit, cursor }) => ({
    method: 'GET',
    path: query(fleet(fleetId, `/schedules/${scheduleId}/runs`), { limit, cursor }),
    answer: 'scheduleRunList',
    uuids: { fleet_id: fleetId, schedule_id: scheduleId },
  }),
  // The cores 1.0.2 to 1.1.1 drop the page and always request the first one.
  listKeysReq: ({ fleetId }) => ({
    method: 'GET',
    path: fleet(fleetId, '/api-keys'),
    answer: 'apiKeyList',
    uuids: { fleet_id: fleetId },
    loose: true,
  }),
  issueKeyReq: ({ fleetId, name, expiresInDays }) => ({
    method: 'POST',
    path: fleet(fleetId, '/api-keys'),
    body: presentValues({ name, expires_in_days: expiresInDays }),
    answer: 'issueKeyResp',
    uuids: { fleet_id: fleetId },
    loose: true,
  }),
  revokeKeyReq: ({ fleetId, keyId }) => ({
    method: 'DELETE',
    path: fleet(fleetId, `/api-keys/${keyId}`),
    answer: 'empty',
    uuids: { fleet_id: fleetId, key_id: keyId },
    loose: true,
  }),
  skillsListReq: ({ category, tag, search, lang, ordering, page, pageSize }) => ({
    method: 'GET',
    path: query('/apix/skills/skills/', { category, tag, search, lang, ordering, page, page_size: pageSize }),
    answer: 'skillListPage',
  }),
  skillsMyReq: ({ search, ordering, page, pageSize }) => ({
    method: 'GET',
    path: query('/apix/skills/skills/my/', { search, ordering, page, page_size: pageSize }),
    answer: 'skillListPage',
  }),
  skillsGetReq: ({ slug, lang }) => ({ method: 'GET', path: query(skill(slug), { lang }), answer: 'skillDetail' }),
  skillsInstallReq: ({ slug }) => ({ method: 'POST', path: skill(slug, 'install/'), answer: 'skillInstall' }),
  skillsCreateReq: ({ name }) => ({
    method: 'POST',
    path: '/apix/skills/skills/',
    body: { name },
    answer: 'skillCreated',
    status: 201,
  }),
  skillsUpdateReq: ({ slug, name, category, visibility, status, icon, cover, repositoryUrl }) => ({
    method: 'PATCH',
    path: skill(slug),
    body: presentValues({ name, category, visibility, status, icon, cover, repository_url: repositoryUrl }),
    answer: 'skillUpdated',
  }),
  skillsDeleteReq: ({ slug }) => ({ method: 'DELETE', path: skill(slug), answer: 'empty', status: 204 }),
  skillsVersionsReq: ({ slug }) => ({ method: 'GET', path: skill(slug, 'versions/'), answer: 'skillVersionList', bare: true }),
  skillsReviewsReq: ({ slug, search, ordering, page, pageSize }) => ({
    method: 'GET',
    path: query(skill(slug, 'reviews/'), { search, ordering, page, page_size: pageSize }),
    answer: 'skillReviewPage',
  }),
  skillsStarReq: ({ slug }) => ({ method: 'POST', path: skill(slug, 'star/'), answer: 'skillStar' }),
  skillsPublishReq: ({ slug, rawManifest, skillMd, readme, changelog }) => ({
    method: 'POST',
    path: skill(slug, 'publish/'),
    body: presentValues({ raw_manifest: rawManifest, skill_md: skillMd, readme, changelog }),
    answer: 'skillsPublishResp',
    status: 202,
  }),
  skillsPublishStatusReq: ({ slug }) => ({
    method: 'GET',
    path: skill(slug, 'publish-status/'),
    answer: 'skillsPublishStatusResp',
  }),
  skillsCategoriesReq: ({ search, ordering }) => ({
    method: 'GET',
    path: query('/apix/skills/categories/', { search, ordering }),
    answer: 'skillCategoryList',
    bare: true,
  }),
  skillsTagsReq: ({ search, ordering }) => ({
    method: 'GET',
    path: query('/apix/skills/tags/', { search, ordering }),
    answer: 'skillTagList',
    bare: true,
  }),
}

export function coreRequest(payload: Envelope['payload']): CoreRequest | undefined {
  if (payload.case === undefined) return undefined
  const build = REQUESTS[payload.case] as ((value: unknown) => CoreRequest) | undefined
  return build?.(payload.value)
}
