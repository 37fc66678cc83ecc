/**
 * The path of each op on the two HTTP planes, recorded from the cores 1.0.2 and 1.1.0. Fields that a path does not name go into the query or
 * the body.
 */
import type { OpName } from './ops.js'

const MACHINE = '/api/machines/{machineId}'
const ADMIN = '/api/admin/machines/{machineId}'
const FLEET = '/api/fleets/{fleetId}'
const SCHEDULE = '/api/fleets/{fleetId}/schedules/{scheduleId}'
const SKILLS = '/apix/skills/skills/'
const SKILL = '/apix/skills/skills/{slug}/'

export const ASK_PATH = `POST ${ADMIN}/ask`
export const PIN_PATH = `POST ${ADMIN}/pin`
export const CONFIRM_PATH = `POST ${ADMIN}/confirm`

export const REST_PATHS: Readonly<Record<OpName, string>> = {
  'machines.list': 'GET /api/machines',
  'machines.get': `GET ${MACHINE}`,
  'machines.update': `PATCH ${MACHINE}`,
  'machines.disable': `DELETE ${MACHINE}`,
  'machines.info': `GET ${ADMIN}/info`,
  'machines.spend': `GET ${ADMIN}/spend`,
  'machines.messages': `GET ${ADMIN}/messages`,
  'machines.clearMessages': `DELETE ${ADMIN}/messages`,
  'machines.activeSession': `GET ${ADMIN}/active_session`,
  'fleets.list': 'GET /api/fleets',
  'fleets.create': 'POST /api/fleets',
  'fleets.update': `PATCH ${FLEET}`,
  'fleets.disable': `DELETE ${FLEET}`,
  'fleets.members.list': `GET ${FLEET}/members`,
  'fleets.members.add': `POST ${FLEET}/members`,
  'fleets.members.setRole': `PATCH ${FLEET}/members/{userId}`,
  'fleets.members.remove': `DELETE ${FLEET}/members/{userId}`,
  'fleets.machines.list': `GET ${FLEET}/machines`,
  'fleets.machines.attach': `POST ${FLEET}/machines`,
  'fleets.machines.detach': `DELETE ${FLEET}/machines/{machineId}`,
  'tunnels.open': 'POST /api/tunnels',
  'tunnels.close': 'DELETE /api/tunnels/{tunnelId}',
  'tunnels.list': 'GET /api/tunnels',
  'tunnels.get': 'GET /api/tunnels/{tunnelId}',
  'tunnels.sessions': 'GET /api/tunnels/connected-sessions',
  'schedules.list': `GET ${FLEET}/schedules`,
  'schedules.get': `GET ${SCHEDULE}`,
  'schedules.create': `POST ${FLEET}/schedules`,
  'schedules.update': `PATCH ${SCHEDULE}`,
  'schedules.delete': `DELETE ${SCHEDULE}`,
  'schedules.trigger': `POST ${SCHEDULE}/run`,
  'schedules.runs': `GET ${SCHEDULE}/runs`,
  'keys.list': `GET ${FLEET}/api-keys`,
  'keys.issue': `POST ${FLEET}/api-keys`,
  'keys.revoke': `DELETE ${FLEET}/api-keys/{keyId}`,
  'skills.list': `GET ${SKILLS}`,
  'skills.my': `GET ${SKILLS}my/`,
  'skills.get': `GET ${SKILL}`,
  'skills.install': `POST ${SKILL}install/`,
  'skills.create': `POST ${SKILLS}`,
  'skills.update': `PATCH ${SKILL}`,
  'skills.delete': `DELETE ${SKILL}`,
  'skills.versions': `GET ${SKILL}versions/`,
  'skills.reviews': `GET ${SKILL}reviews/`,
  'skills.star': `POST ${SKILL}star/`,
  'skills.publish': `POST ${SKILL}publish/`,
  'skills.publishStatus': `GET ${SKILL}publish-status/`,
  'skills.categories': 'GET /apix/skills/categories/',
  'skills.tags': 'GET /apix/skills/tags/',
}
