/**
 * Condenses the record of every op (test/fixtures/cccc/ops.json) into what the client ships: types, which cost nothing at run time,
 * and a table of a few bytes per op. Run by hand after the record changed; a test holds the results to the record.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const root = new URL('..', import.meta.url)
export const ops = JSON.parse(readFileSync(new URL('test/fixtures/cccc/ops.json', root), 'utf8'))

/** Category in the record → namespace, and the prefixes that a method's name sheds there. */
const NAMESPACES = {
  core: ['daemon', []],
  groups: ['groups', ['group_']],
  automation: ['automation', ['group_automation_']],
  actors: ['actors', ['actor_']],
  actor_profiles: ['profiles', ['actor_profile_']],
  messaging: ['messages', ['message_']],
  inbox: ['inbox', ['inbox_']],
  notify: ['notifications', ['notify_']],
  streaming: ['streams', []],
  context: ['context', ['context_']],
  headless: ['headless', ['headless_']],
  terminal: ['terminal', ['terminal_', 'term_']],
  capabilities: ['capabilities', ['capability_']],
  group_space: ['space', ['group_space_']],
  memory: ['memory', ['memory_']],
  ledger: ['ledger', ['ledger_']],
  observability: ['observability', ['observability_']],
  remote_access: ['remoteAccess', ['remote_access_']],
  im: ['im', ['im_']],
  presentation: ['presentation', ['presentation_']],
  assistants: ['assistants', ['assistant_']],
  connect: ['connect', ['connect_']],
  voice: ['voice', ['voice_']],
  rust_only: ['rust', []],
}

/** Where the rule would give a poor or a taken name. */
const NAMES = { groups: 'list', chat_ack: 'ack', message_history: 'history', events_stream: 'events' }

/** Ops that only read, whatever their name says: a lost answer may be asked for again. */
const READS = new Set(
  `ping version home_get group_list group_resolve groups group_show group_help_get group_preamble_get group_copy_preview_import
  group_template_export group_template_preview group_automation_state actor_list actor_env_private_keys actor_notes_get actor_prompt
  actor_profile_list actor_profile_get actor_profile_secret_keys actor_profile_env_private_keys message_upload_preflight
  message_read_status remote_delivery_status inbox_list inbox_peek message_history events_stream context_get presence_get task_list
  headless_status web_model_delivery_preferences_get term_attachment_status terminal_history terminal_replay terminal_since
  terminal_snapshot terminal_tail terminal_status capability_allowlist_get capability_allowlist_validate capability_overview
  capability_search capability_state group_space_capabilities group_space_provider_credential_status group_space_query
  group_space_spaces group_space_status memory_get memory_health memory_profile_get memory_search memory_reme_context_check
  memory_reme_get memory_reme_layout_get memory_reme_search branding_get debug_snapshot debug_tail_logs observability_get
  remote_access_state im_list_authorized im_list_pending im_config im_status presentation_get presentation_browser_info
  web_model_browser_info assistant_state assistant_index assistant_voice_document_list pet_decisions_get ledger_tail ledger_search
  ledger_window ledger_statuses assistant_voice_document_library connect_catalog connect_direct_status connect_group_status
  connect_status headless_control_state voice_notifications_get voice_preferences_get voice_secretary_runtime
  voice_secretary_settings_get voice_secretary_tasks`.split(/\s+/),
)
/** Writes that may be repeated: the second one changes nothing. */
const REPEATABLE = new Set(
  `chat_ack inbox_mark_read inbox_mark_all_read actor_start actor_stop group_set_state group_update group_settings_update group_use
  actor_update actor_env_private_update actor_profile_secret_update reply_request_cancel headless_set_status term_resize
  terminal_resize observability_update branding_update`.split(/\s+/),
)
const SECRETS = new Set(
  `actor_add actor_env_private_update actor_env_private_keys actor_profile_upsert actor_profile_secret_update
  actor_profile_secret_keys actor_profile_env_private_keys actor_profile_env_private_update group_space_provider_credential_update
  group_space_provider_health_check im_set`.split(/\s+/),
)
/** Whose name goes into `by` when the caller names nobody, where it is not the client's own principal. */
const BY_ACTOR = new Set(['chat_ack', 'notify_ack'])
const BY_SYSTEM = new Set(['context_sync', 'system_notify'])

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())
const shorten = (op, prefixes) => {
  const prefix = prefixes.find((each) => op.startsWith(each) && op.length > each.length)
  return camel(prefix ? op.slice(prefix.length) : op)
}
const methodName = ({ op, category }) => NAMES[op] ?? shorten(op, NAMESPACES[category][1])

const variants = (result) => (result[0]?.fields ? result.map(({ fields }) => fields) : [result])

function flagsOf({ op, args, streaming, safe_to_probe_with_empty_args: safe }) {
  const takesBy = args.some(({ name }) => name === 'by')
  return [
    READS.has(op) ? 'r' : REPEATABLE.has(op) ? 'i' : '',
    streaming ? 's' : '',
    !safe && !streaming ? 'x' : '',
    SECRETS.has(op) ? 'k' : '',
    BY_ACTOR.has(op) ? 'a' : BY_SYSTEM.has(op) ? 'y' : takesBy ? 'u' : '',
  ].join('')
}

/** Absent on the Rust daemon, or withheld by the client. */
const NOT_EVERYWHERE = new Set(['registry_health', 'masked_values', 'running'])
/** The sign that stands before a key, by the type of what it holds. */
const SIGNS = [
  [/^(string|"[^"]*"( \| "[^"]*")*)$/, '$'],
  [/^(number|integer|1)$/, '#'],
  [/^(boolean|true|false)$/, '?'],
  [/^Event$/, '!'],
  [/(\[\]|^Array<.*>)$/s, '*'],
  [/^(\{.*\}|Record<.*>|Actor|ReferenceV1)$/s, '%'],
]
/** The keys that every answer seen had, and what they hold: an answer without them is broken. */
function expectations({ result, observed_result_keys: observed, since }) {
  if (!result || since === null || result[0]?.fields) return ''
  const seen = Object.values(observed ?? {})
  return result
    .filter(({ name, optional }) => !optional && seen.length > 0 && seen.every((keys) => keys.includes(name)))
    .map(({ name, type }) => [name, SIGNS.find(([pattern]) => pattern.test(type))?.[1]])
    .filter(([name, sign]) => sign && !NOT_EVERYWHERE.has(name))
    .map(([name, sign]) => `${sign}${name}`)
    .join(' ')
}

/** Every combination of flags gets a capital; the commonest first. */
const flagSets = (() => {
  const counts = new Map()
  for (const op of ops) counts.set(flagsOf(op), (counts.get(flagsOf(op)) ?? 0) + 1)
  return [...counts].sort(([one, n], [other, m]) => m - n || (one < other ? -1 : 1)).map(([flags]) => flags)
})()
const capital = (op) => String.fromCharCode(65 + flagSets.indexOf(flagsOf(op)))

/** Names of one namespace as a tree of their words. */
function treeOf(list) {
  const root = { words: new Map() }
  for (const op of list) {
    let node = root
    for (const word of op.op.split('_')) {
      if (!node.words.has(word)) node.words.set(word, { words: new Map() })
      node = node.words.get(word)
    }
    node.op = op
  }
  return root
}

function treeText(node, sheds, path = []) {
  let text = ''
  for (let [name, next] of node.words) {
    const here = [...path, name]
    // A word with only one possible next word is joined with that word.
    while (!next.op && next.words.size === 1 && !sheds.has(here.join('_'))) {
      const [[word, after]] = next.words
      name += `_${word}`
      here.push(word)
      next = after
    }
    text += name
    if (next.op) text += `${NAMES[next.op.op] ? `=${NAMES[next.op.op]}` : ''}${capital(next.op)}`
    if (next.words.size === 0) continue
    text += sheds.has(here.join('_')) ? '[' : '('
    text += `${treeText(next, sheds, here)})`
  }
  return text
}

function tableText() {
  return Object.entries(NAMESPACES)
    .map(([category, [namespace, prefixes]]) => {
      const sheds = new Set(prefixes.map((prefix) => prefix.slice(0, -1)))
      return `${namespace} ${treeText(treeOf(ops.filter((each) => each.category === category)), sheds)}`
    })
    .join('\n')
}

const KNOWN = {
  Event: 'CcccEvent',
  'Event | null': 'CcccEvent | null',
  'Event[]': 'readonly CcccEvent[]',
  ReferenceV1: 'Loose',
  Actor: 'CcccActorRow',
}
function typeOf({ type, enum: values }) {
  if (values?.length)
    return `${values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(' | ')} | (string & {})`
  if (KNOWN[type]) return KNOWN[type]
  if (type === undefined) return 'unknown'
  return type
    .replace(/\s+/g, ' ')
    .replace(/\bGroupSummary\b/g, 'CcccGroupRow')
    .replace(/\bActor\b/g, 'CcccActorRow')
    .replace(/\b(AttachmentRef|ReferenceV1|Reference)\b/g, 'Loose')
    .replace(/\binteger\b/g, 'number')
    .replace(/\bEvent\b/g, 'CcccEvent')
    .replace(/Record<string, unknown>/g, 'Loose')
    .replace(/"([^"]*)" \| string/g, 'string')
    .replace(/"/g, "'")
}
const fieldsOf = (fields, isOptional) =>
  fields
    .map((field) => `${/^\w+$/.test(field.name) ? field.name : `'${field.name}'`}${isOptional(field) ? '?' : ''}: ${typeOf(field)}`)
    .join('; ')

/** One argument list for all dialects: what only one of them takes, or only one demands, is optional. */
function mergedArgs({ args, args_message_mode: other }) {
  if (!other) return args
  const merged = new Map()
  for (const field of [...args, ...other]) {
    const known = merged.get(field.name)
    if (!known) merged.set(field.name, { ...field })
  }
  const required = (list, name) => list.find((field) => field.name === name)?.required === true
  return [...merged.values()].map((field) => ({ ...field, required: required(args, field.name) && required(other, field.name) }))
}

function typesText() {
  const lines = []
  for (const op of ops) {
    const args = mergedArgs(op)
    const nothingKnown = op.result_unspecified && args.length === 0
    const argsType = op.category === 'rust_only' || nothingKnown ? 'Loose' : `{ ${fieldsOf(args, ({ required }) => !required)} }`
    const lists = variants([
      ...(op.result ?? []),
      ...(op.result_message_mode ?? [])
        .filter(({ name }) => !op.result?.some((known) => known.name === name))
        .map((field) => ({ ...field, optional: true })),
    ])
    const resultType =
      op.category === 'rust_only' || op.result_unspecified || lists[0].length === 0
        ? 'Loose'
        : lists.map((fields) => `Answer<{ ${fieldsOf(fields, ({ optional }) => optional)} }>`).join(' | ')
    lines.push(`  /** ${op.summary.replace(/\*\//g, '')} */`)
    lines.push(`  ${op.op}: { args: ${argsType === '{  }' ? 'Nothing' : argsType}; result: ${resultType} }`)
  }
  const spaces = []
  for (const [category, [namespace]] of Object.entries(NAMESPACES)) {
    const own = ops.filter((each) => each.category === category)
    spaces.push(`  /** ${own.length} ops. */`, `  ${namespace}: {`)
    for (const op of own) spaces.push(`    /** ${op.summary.replace(/\*\//g, '')} */`, `    ${methodName(op)}: '${op.op}'`)
    spaces.push('  }')
  }
  return { ops: lines.join('\n'), spaces: spaces.join('\n') }
}

const order = (version) => version.match(/\d+/g).map(Number)
const newer = (one, other) => {
  const [left, right] = [order(one), order(other)]
  return left.map((part, index) => part - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0
}
/** Which of the simulated daemons has an op: 0.4.2, 0.4.3 and the message-mode one. */
function presentIn({ since, until, python_daemon: python }) {
  if (!python || since === null) return ''
  const after = since.startsWith('after')
  const has = (version) => !after && newer(since, version) <= 0 && (until === null || newer(until, version) >= 0)
  return `${has('0.4.2') ? 'A' : ''}${has('0.4.3') ? 'B' : ''}${until === null ? 'C' : ''}`
}

function presenceText() {
  const lines = ops
    .filter((op) => presentIn(op) !== '')
    .map((op) => {
      const first = op.args.find(({ required }) => required)?.name ?? ''
      return `${op.op} ${presentIn(op)}${first === '' ? '' : ` ${first}`}`
    })
  return lines.join('\n')
}

export function generate() {
  const { ops: opTypes, spaces } = typesText()
  return {
    'src/cccc/ops.gen.ts': `/** Generated by scripts/cccc-ops.mjs from the record of every op. Types only. */
import type { CcccActorRow, CcccGroupRow } from './records.js'
import type { CcccEvent, Loose } from './shapes.js'

type Nothing = Record<never, never>
/** Unknown keys are kept. */
type Answer<Known> = Known & Loose

/** The arguments and the result of every op, by wire name. */
export interface CcccOps {
${opTypes}
}

/** The ops that take over their connection. */
export type CcccTakingOver = ${ops
      .filter(({ streaming }) => streaming)
      .map(({ op }) => `'${op}'`)
      .join(' | ')}

/** The op of every namespaced method. */
export interface CcccNamespaceOps {
${spaces}
}
`,
    'src/testing/cccc/presence.gen.ts': `/** Generated by scripts/cccc-ops.mjs: the ops that the simulated daemons know, in which dialects, and the first argument they insist on. */
export const PRESENT = \`${presenceText()}\`
`,
    'src/cccc/answers.gen.ts': `/**
 * Generated by scripts/cccc-ops.mjs: the keys that every answer to an op must hold, each after the sign of its type ($ string, # number,
 * ? boolean, * list, % object, ! event). One line for each op of the table, in the order of their names.
 */
export const ANSWERS = \`${[...ops]
      .sort((one, other) => (one.op < other.op ? -1 : 1))
      .map(expectations)
      .join('\n')
      .trimEnd()}\`
`,
    'src/cccc/table.gen.ts': `/**
 * Generated by scripts/cccc-ops.mjs; \`loadOps()\` reads it. One line a namespace, its ops as a tree of words: \`a(bXcY)\` is a_b and a_c,
 * and after \`[\` the name of the method begins. \`=\` before the capital gives another name of the method.
 */
export const OP_TABLE = \`${tableText()}\`

/**
 * The flags of each capital, beginning with A. r reads, i may be repeated, s takes over the connection, x must not be probed with empty arguments,
 * k carries secrets; u, a, y: \`by\` defaults to the client's principal, to the actor, to \`system\`.
 */
export const OP_FLAGS = '${flagSets.join(' ')}'
`,
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [path, text] of Object.entries(generate())) writeFileSync(new URL(path, root), text)
}
