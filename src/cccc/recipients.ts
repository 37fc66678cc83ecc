/** The recipients of a message, as dialect C wants them. */
import { isRecord } from '../core/is-record.js'
import { badArgument } from './errors.js'
import { listOf, type Loose } from './shapes.js'
import type { CcccCallOptions, CcccCore } from './small-client.js'

const isHuman = (token: string): boolean => /^\s*@?user\s*$/.test(token)
const isGroup = (token: string): boolean => /^@(?:all|peers|foreman)$/.test(token)

/**
 * One message for people and one for agents: dialect C refuses a message for both. The second gets a client id of its own, because the
 * daemon would take the same one for a repetition.
 */
export function splitAudience<Args extends { readonly to?: readonly string[]; readonly clientId?: string }>(args: Args): Args[] {
  const { to = [], clientId } = args
  const people = to.filter(isHuman)
  const agents = to.filter((token) => !isHuman(token))
  if (people.length === 0 || agents.length === 0) return [args]
  const second = clientId === undefined ? {} : { clientId: `${clientId}:agents` }
  return [
    { ...args, to: people },
    { ...args, to: agents, ...second },
  ]
}

/**
 * The actors behind `@all`, `@peers` and `@foreman`, without the sender: a request for a reply needs concrete names. No recipients stay
 * none: a daemon from 0.4.41 on asks the group's foreman then, an older one refuses.
 */
export async function expandRecipients(
  core: CcccCore,
  op: string,
  groupId: string,
  by: string,
  to: readonly string[] | undefined,
  options: CcccCallOptions | undefined,
): Promise<readonly string[] | undefined> {
  if (!to?.some(isGroup)) return to
  const { actors } = await core.call('actor_list', { group_id: groupId }, options)
  const members: Loose[] = listOf(actors)
    .filter(isRecord)
    .filter(({ id, enabled }) => id !== by && enabled !== false)
  const names = to.flatMap((token) => {
    if (!isGroup(token)) return token
    const chosen = members.filter(({ role }) => token === '@all' || (role === 'foreman') === (token === '@foreman'))
    return chosen.map(({ id }) => String(id))
  })
  if (names.length > 0) return [...new Set(names)]
  throw badArgument(
    op,
    `A request for a reply needs recipients; [${to.join(', ')}] names no enabled actor of ${groupId}.`,
    'Name enabled actors, `user`, `@all`, `@peers` or `@foreman`.',
  )
}
