/** A permission request of the agent as an ask, and the answer as the response of the protocol. */
import type { Answer, AskOption } from '../../hub/model/ask.js'
import type { SourceAsk } from '../../hub/source.js'
import type { RequestPermission } from '../protocol/schema.js'
import { diffsOf, outputOf } from './content.js'

type OptionKind = NonNullable<AskOption['kind']>

const KINDS: readonly string[] = ['allow_once', 'allow_always', 'reject_once', 'reject_always'] satisfies OptionKind[]

/** Tools that change something outside the conversation. */
const DANGER: Readonly<Record<string, SourceAsk['danger']>> = { delete: 'high', execute: 'high', edit: 'medium', move: 'medium' }

/** The response of the protocol to a permission request. `cancelled` means that the turn ended or nobody decided. */
export type PermissionResponse = {
  readonly outcome: { readonly outcome: 'cancelled' } | { readonly outcome: 'selected'; readonly optionId: string }
}

export const PERMISSION_CANCELLED: PermissionResponse = { outcome: { outcome: 'cancelled' } }

/** A permission request as an ask. */
export function permissionAsk(request: RequestPermission, nativeId: string): SourceAsk {
  const { toolCall, options } = request
  const { title, name, kind, rawInput, content, locations } = toolCall
  const diff = content ? diffsOf(content) : []
  const detail = content ? outputOf(content) : undefined
  const paths = [...new Set([...(locations ?? []).map(({ path }) => path), ...diff.map(({ path }) => path)])]
  const danger = typeof kind === 'string' ? DANGER[kind] : undefined
  const tool = name ?? kind
  return {
    nativeId,
    kind: 'permission',
    title: title ?? tool ?? 'The agent asks for permission',
    defaultsToNo: true,
    options: options.map(({ optionId, name: label, kind: optionKind }) => ({
      id: optionId,
      label,
      kind: KINDS.includes(optionKind) ? (optionKind as OptionKind) : 'choice',
    })),
    ...(typeof tool === 'string' ? { tool } : {}),
    ...(rawInput === undefined ? (diff.length > 0 ? { input: { diff } } : {}) : { input: rawInput }),
    ...(detail === undefined ? {} : { detail }),
    ...(danger ? { danger } : {}),
    ...(paths.length > 0 ? { paths } : {}),
  }
}

/**
 * The response that carries an answer. A yes without an option takes the narrowest allowing option, a no the narrowest rejecting one.
 * Undefined when the request offers no fitting option.
 */
export function permissionResponse(options: readonly AskOption[], answer: Answer): PermissionResponse | undefined {
  const select = (option: AskOption | undefined): PermissionResponse | undefined =>
    option && { outcome: { outcome: 'selected', optionId: option.id } }
  if ('option' in answer) return select(options.find(({ id }) => id === answer.option))
  if (!('accept' in answer)) return undefined
  const kinds: readonly OptionKind[] = answer.accept ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always']
  for (const kind of kinds) {
    const option = options.find((candidate) => candidate.kind === kind)
    if (option) return select(option)
  }
  return answer.accept ? undefined : PERMISSION_CANCELLED
}
