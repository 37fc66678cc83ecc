/** Whom a message is for, made explicit where the message-mode dialect insists on it. */
import type { CcccCallOptions, CcccCore } from './small-client.js'
import { badArgument } from './errors.js'
import { isRecord } from '../core/is-record.js'
import { listOf, type Loose } from './shapes.js'

const isHuman = (token: string): boolean => /^\s*@?user\s*$/.test(token)
const isGroup = (token: string): boolean => /^@(?:all|peers|foreman)$/.test(token)

/** One kind of audience per message: people and agents are written to apart. The client id must differ, or the second would be a replay. */
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

/** The actors behind `@all`, `@peers` and `@foreman`, without the sender: a request for a reply needs concrete names. */
export async function expandRecipients(
  core: CcccCore,
  op: string,
  groupId: string,
  by: string,
  to: readonly string[] = [],
  options: CcccCallOptions | undefined,
): Promise<readonly string[]> {
  if (to.length > 0 && !to.some(isGroup)) return to
  let members: Loose[] = []
  if (to.length > 0) {
    const { actors } = await core.call('actor_list', { group_id: groupId }, options)
    members = listOf(actors)
      .filter(isRecord)
      .filter(({ id, enabled }) => id !== by && enabled !== false)
  }
  const names = to.flatMap((token) => {
    if (!isGroup(token)) return token
    const chosen = members.filter(({ role }) => token === '@all' || (role === 'foreman') === (token === '@foreman'))
    return chosen.map(({ id }) => String(id))
  })
  if (names.length > 0) return [...new Set(names)]
  throw badArgument(
    op,
    `A request for a reply needs recipients; [${to.join(', ')}] is nobody in ${groupId}.`,
    'Name enabled actors, `user`, `@all`, `@peers` or `@foreman`.',
  )
}
