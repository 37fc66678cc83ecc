/** Whom a message is for, made explicit where the message-mode dialect insists on it. */
import type { CcccCallOptions, CcccCore } from './core.js'
import { badArgument } from './errors.js'
import { isRecord } from './shapes.js'

const isHuman = (token: string): boolean => token.trim() === 'user' || token.trim() === '@user'

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
  to: readonly string[] | undefined,
  options: CcccCallOptions | undefined,
): Promise<readonly string[]> {
  if (to === undefined || to.length === 0) {
    throw badArgument(
      op,
      'A message that asks for a reply needs recipients.',
      'Name them in `to`: actor ids, `user`, `@all`, `@peers` or `@foreman`.',
    )
  }
  if (!to.some((token) => GROUPS.has(token))) return to
  const { actors } = await core.call('actor_list', { group_id: groupId }, options)
  const members = (Array.isArray(actors) ? actors : []).filter(isRecord).filter(({ id, enabled }) => id !== by && enabled !== false)
  const names = to.flatMap((token) => {
    if (!GROUPS.has(token)) return [token]
    const chosen = members.filter(({ role }) => token === '@all' || (role === 'foreman') === (token === '@foreman'))
    return chosen.map(({ id }) => String(id))
  })
  if (names.length === 0) {
    throw badArgument(op, `Nobody stands behind ${to.join(', ')} in ${groupId}.`, 'Add or enable an actor, or address `user`.')
  }
  return [...new Set(names)]
}

const GROUPS = new Set(['@all', '@peers', '@foreman'])
