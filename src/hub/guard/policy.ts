/** Policies as data: they decide asks without a person. Pure functions. */
import type { Answer, Ask } from '../model/ask.js'

/** Which asks a rule is about. Every given field must fit. In a pattern `*` stands for any text without a slash, `**` for any text. */
export interface PolicyMatch {
  /** A pattern for the system of the agent, such as `claude`. */
  readonly system?: string
  /** A pattern for the agent's id, such as `ccc/*`. */
  readonly agent?: string
  /** A pattern for the tool. An ask without a tool fits no rule with one. */
  readonly tool?: string
  /** Every path of the ask must fit. An ask without paths fits no rule with a path. */
  readonly path?: string
  /** Only asks of this kind. */
  readonly kind?: Ask['kind']
}

/** The first rule that fits decides. `ask` leaves the decision to a person. */
export interface PolicyRule {
  /** Which asks the rule decides. An empty object fits all. */
  readonly match: PolicyMatch
  /**
   * `allow` accepts once, `deny` refuses once. Neither answers a question, and `allow` never gives a secret: those wait for a
   * person.
   */
  readonly then: 'allow' | 'deny' | 'ask'
  /** Kept in the journal beside the decision. */
  readonly note?: string
}

/** A named list of rules. The name appears in the journal: `by: 'policy:<name>'`. */
export interface Policy {
  /** Appears in the journal as `policy:<name>`. */
  readonly name: string
  /** Read from the top; the first that fits decides. */
  readonly rules: readonly PolicyRule[]
}

/** The decision of the policies about an ask. */
export interface PolicyDecision {
  /** `policy:<name>`, for `hub.answer`. */
  readonly by: string
  /** An answer that fits the ask. */
  readonly answer: Answer
  /** The note of the rule. */
  readonly note: string | undefined
}

/**
 * The decision of the first rule that fits; undefined when a person decides.
 *
 * @example
 * import { decideAsk, type Ask, type Policy } from 'signalbox/hub'
 *
 * declare const ask: Ask
 * const readOnly: Policy = { name: 'read-only', rules: [{ match: { tool: 'Read', path: '/project/**' }, then: 'allow' }] }
 * console.log(decideAsk([readOnly], ask, 'claude')?.answer ?? 'a person decides')
 */
export function decideAsk(policies: readonly Policy[], ask: Ask, system: string): PolicyDecision | undefined {
  for (const { name, rules } of policies) {
    const rule = rules.find(({ match }) => fits(match, ask, system))
    if (!rule) continue
    const answer = rule.then === 'ask' ? undefined : answerFor(ask, rule.then === 'allow')
    return answer && { by: `policy:${name}`, answer, note: rule.note }
  }
  return undefined
}

function fits({ system, agent, tool, path, kind }: PolicyMatch, ask: Ask, ofSystem: string): boolean {
  return (
    (kind === undefined || kind === ask.kind) &&
    like(system, ofSystem) &&
    like(agent, ask.agent) &&
    (tool === undefined || (ask.tool !== undefined && like(tool, ask.tool))) &&
    (path === undefined || (ask.paths !== undefined && ask.paths.length > 0 && ask.paths.every((each) => like(path, each))))
  )
}

/** A yes or a no in the form that the ask takes. A policy never invents the answer to a question or a secret. */
function answerFor(ask: Ask, allow: boolean): Answer | undefined {
  if (ask.kind === 'question') return undefined
  if (ask.kind === 'secret') return allow ? undefined : { accept: false }
  const optionKind = allow ? 'allow_once' : 'reject_once'
  const option = ask.options?.find(({ kind }) => kind === optionKind)
  return option ? { option: option.id } : { accept: allow }
}

function like(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true
  // A path with `..` matches no path pattern: `/project/../etc` is not in `/project`.
  if (pattern.includes('/') && text.split('/').includes('..')) return false
  return expressionOf(pattern).test(text)
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '.*'
    return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('')}$`, 's')
}
